import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import t from 'tap';
import { eventually } from '../src/playground/eventually.ts';
import { ifPresent, type Secret } from '../src/playground/kube-api.ts';
import { startPlayground } from '../src/playground/playground.ts';
import { kubernetesMinor, POLICIES_SINCE } from './support/admission-policies.ts';
import { CONFIGURATION } from './support/authority.ts';
import { createInjected } from './support/injected.ts';
import { LOADED_NAMESPACE, underLoad } from './support/pod-load.ts';
import { pathOf } from './support/pull-secret.ts';
import { nextLeader } from './support/renewers.ts';

const HOME = `/api/v1/namespaces/${PRODUCT_NAME}`;
const TEST = `${PRODUCT_NAME}-test`;

const playground = await startPlayground();
t.teardown(() => playground.close());
const { api, cluster, node } = playground;
await api.createNamespace(LOADED_NAMESPACE);

function runTest(): Promise<unknown> {
  return cluster.helm(['test', PRODUCT_NAME, '--namespace', PRODUCT_NAME, '--timeout', '90s']);
}

function injected(): Promise<void> {
  return createInjected(api);
}

t.test('helm test finds the secret and the injection, and leaves nothing', async (t) => {
  await playground.install();
  await runTest();
  t.match(
    await node.logs(PRODUCT_NAME, TEST, 'test'),
    /is good until 20.*\n.*names ecr-pull-secret by itself\n$/,
  );
  await eventually('nothing is left', async () => {
    assert.equal(await ifPresent(api.get(`/api/v1/namespaces/${TEST}`)), undefined);
    assert.equal(await ifPresent(api.get(`${HOME}/pods/${TEST}`)), undefined);
    assert.equal(await ifPresent(api.get(`${HOME}/serviceaccounts/${TEST}`)), undefined);
  });
});

t.test('helm test goes by the mode', async (t) => {
  const hasPolicies = (await kubernetesMinor(cluster)) >= POLICIES_SINCE;
  for (const mode of hasPolicies ? ['policy', 'none'] : ['none']) {
    await playground.install({ injection: { mode } });
    await runTest();
    const log = await node.logs(PRODUCT_NAME, TEST, 'test');
    const [last] = log.trimEnd().split('\n').slice(-1);
    t.match(last, mode === 'none' ? /is good until/ : /names ecr-pull-secret by itself$/, mode);
  }
});

t.test('helm test fails where nobody injects, and says so', async (t) => {
  await playground.install({ helmTest: { withinSeconds: 10 } });
  // It brings the secret.
  await nextLeader(playground);
  await api.remove(CONFIGURATION);
  // The API server hears of it in a moment.
  await eventually('nobody injects', async () => {
    await assert.rejects(injected());
  });
  await t.rejects(runTest());
  t.match(
    await node.logs(PRODUCT_NAME, TEST, 'test'),
    /names no pull secret: nobody put ecr-pull-secret on it \[ECRPS_TEST_FAILED\]/,
  );
  t.ok(await api.get(`${HOME}/pods/${TEST}`), 'the pod stays to be looked at');
});

t.test('uninstalled under load, with failurePolicy Fail: no pod is refused', async (t) => {
  await playground.install({ injection: { failurePolicy: 'Fail' } });
  await eventually('injection works', () => injected());
  const before = await api.get<Secret>(pathOf(LOADED_NAMESPACE));
  const {
    asked,
    created,
    injected: count,
    refusals,
  } = await underLoad(playground, async () => {
    await delay(1_000);
    await cluster.helm(['uninstall', PRODUCT_NAME, '--namespace', PRODUCT_NAME, '--wait']);
    await delay(1_000);
  });
  t.same(refusals, []);
  t.equal(created, asked);
  t.ok(count > 0 && count < created, `${count} of ${created} pods came before the end`);
  const after = await api.get<Secret>(pathOf(LOADED_NAMESPACE));
  t.equal(after.metadata.resourceVersion, before.metadata.resourceVersion, 'the secret stays');
  t.equal(await ifPresent(api.get(CONFIGURATION)), undefined);
});
