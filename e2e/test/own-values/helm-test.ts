import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { ifFound } from '@ecr-pull-secrets/kube/api-error.ts';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { kubernetesMinor, POLICIES_SINCE } from '@ecr-pull-secrets/testbed/testing/admission-policies.ts';
import { CONFIGURATION } from '../support/ca.ts';
import { helmTestName } from '../support/helm-test-name.ts';
import { createInjected } from '../support/injected.ts';
import { startKubectl } from '../support/kubectl.ts';
import { LOADED_NAMESPACE, underLoad } from '../support/pod-load.ts';
import { pathOf } from '../support/pull-secret.ts';
import { nextLeader } from '../support/renewers.ts';
import { startStrictAboutPods } from '../support/strict-about-pods.ts';
import { playground } from './release.ts';

const HOME = `/api/v1/namespaces/${PRODUCT_NAME}`;

const TEST = helmTestName();

/** Where a test makes something, in its order, and what Helm says if something of that name is there already. */
const FAILURES: Readonly<Record<string, RegExp>> = {
  '/api/v1/namespaces': /namespace-must-not-exist\.yaml failed: .*(conflict|already exists)/s,
  [`/apis/networking.k8s.io/v1/namespaces/${PRODUCT_NAME}/networkpolicies`]: /network-policy\.yaml failed/,
  [`${HOME}/serviceaccounts`]: /injection\.yaml failed/,
  [`${HOME}/pods`]: /injection\.yaml failed/,
};

const MADE = Object.keys(FAILURES);

/** Of everything that a test makes. */
const LABELS = `app.kubernetes.io/name=${PRODUCT_NAME}-test,app.kubernetes.io/instance=${PRODUCT_NAME}`;

const { api, cluster, node } = playground;

/** A name that another user may well choose, for the namespace of a release for instance. */
const STRANGER = `/api/v1/namespaces/${PRODUCT_NAME}-test`;

function runTest(): Promise<unknown> {
  return cluster.helm(['test', PRODUCT_NAME, '--namespace', PRODUCT_NAME, '--timeout', '90s']);
}

function injected(): Promise<void> {
  return createInjected(api);
}

async function nothingIsLeft(): Promise<void> {
  await eventually('nothing is left', async () => {
    for (const path of MADE) assert.equal(await ifFound(api.get(`${path}/${TEST}`)), undefined);
  });
}

/** The test of the chart. Uninstalls the release at the end. */
export async function testHelmTest(t: Test): Promise<void> {
  await api.createNamespace(LOADED_NAMESPACE);
  await api.createNamespace(`${PRODUCT_NAME}-test`);

  t.test('helm test finds the secret and the injection, and leaves nothing', async (t) => {
    await playground.install({ networkPolicy: { enabled: true } });
    await runTest();
    t.match(await node.logs(PRODUCT_NAME, TEST, 'test'), /is good until 20.*\n.*names ecr-pull-secret by itself\n$/);
    await nothingIsLeft();
    t.ok(await api.get(STRANGER));
  });

  t.test('helm test passes if policies are strict about pods', async (t) => {
    const annotation = 'example.com/owner';
    const image = '210987654321.dkr.ecr.eu-west-1.amazonaws.com/base:1';
    const end = await startStrictAboutPods(api, { registries: ['local/', image], annotation });
    const resources = { limits: { cpu: '1', memory: '512Mi' } };
    const tried = { podImage: image, podAnnotations: { [annotation]: 'us' } };
    await playground.install({
      networkPolicy: { enabled: true },
      helmTest: { resources, ...tried },
    });
    await t.resolves(runTest());
    await nothingIsLeft();
    await end();
  });

  t.test('helm test takes over and removes nothing that is there already', async (t) => {
    const kubectl = await startKubectl(cluster);
    for (const path of MADE) {
      const spec = { containers: [{ name: 'theirs', image: 'theirs' }], podSelector: {} };
      const metadata = { name: TEST, labels: { theirs: 'yes' } };
      const before = await api.create<Secret>(path, { metadata, spec });
      t.match(await runTest().catch(describeError), FAILURES[path], path);
      const { metadata: after } = await api.get<Secret>(`${path}/${TEST}`);
      t.match(after, { uid: before.metadata.uid, labels: before.metadata.labels });
      t.notOk(after.labels?.['app.kubernetes.io/name'], 'it is not taken over');

      await api.remove(`${path}/${TEST}`);
      // What was made before is still there; docs/troubleshooting.md says how to remove it.
      const kinds = 'namespace,networkpolicy,serviceaccount,pod';
      await kubectl('delete', kinds, '--namespace', PRODUCT_NAME, '--selector', LABELS);
      await nothingIsLeft();
    }
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

  t.test('helm test fails if there is no injection, and says so', async (t) => {
    await playground.install({ helmTest: { withinSeconds: 10 } });
    // It brings the secret.
    await nextLeader(playground);
    await api.remove(CONFIGURATION);
    // The API server observes it after a moment.
    await eventually('there is no injection', async () => {
      await assert.rejects(injected());
    });
    await t.rejects(runTest());
    t.match(
      await node.logs(PRODUCT_NAME, TEST, 'test'),
      /names no pull secret: ecr-pull-secret was not added to it \[ECRPS_TEST_FAILED\]/,
    );
    // Helm has shown that log; see the annotation of the pod.
    await nothingIsLeft();
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
    t.equal(await ifFound(api.get(CONFIGURATION)), undefined);
  });
}
