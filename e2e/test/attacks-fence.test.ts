import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { ifFound } from '@ecr-pull-secrets/kube/api-error.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import t from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Pod, Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY, startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { kubernetesMinor, POLICIES_SINCE } from '@ecr-pull-secrets/testbed/testing/admission-policies.ts';
import { CA_SECRET, CONFIGURATION, readCaBundle, removeCaBundle } from './support/ca.ts';
import {
  apply,
  applyWebhook,
  asDryRun,
  type Attack,
  DOCKER_CONFIG,
  PLACES,
  secret,
  tokenOf,
} from './support/fence/attack.ts';
import { NEW_CONFIGURATION, OWN_SECRETS_ATTACKS, WITH_MORE_RIGHTS } from './support/fence/attacks-with-more-rights.ts';
import { testEffects } from './support/fence/effects.ts';
import { createVictims, evictionAttacks, possibleEviction } from './support/fence/eviction-attacks.ts';
import { EVENT_ATTACKS } from './support/fence/event-attacks.ts';
import { testFillUp } from './support/fence/fill-up.ts';
import { testFullestConfiguration } from './support/fence/fullest-configuration.ts';
import { testProof } from './support/fence/missing-fence.ts';
import { testModes } from './support/fence/modes.ts';
import { testOptIn } from './support/fence/opt-in.ts';
import { PULL_SECRET_ATTACKS } from './support/fence/pull-secret-attacks.ts';
import { RENEWER_ATTACKS } from './support/fence/renewer-attacks.ts';
import { STILL_POSSIBLE, STILL_POSSIBLE_FOR_CRONJOB } from './support/fence/still-possible.ts';
import { BINDINGS, createFenceWorld, POLICIES } from './support/fence/world.ts';
import type { KubeObject } from './support/manifest.ts';
import { startNarrowingPlatform } from './support/narrowing-platform.ts';
import { runJobFrom } from './support/old-tool.ts';
import { documentOf, pathOf, pullSecretsOf, SECRET } from './support/pull-secret.ts';
import { logOf, metricsOf, nextLeader } from './support/renewers.ts';
import { stealIdentity } from './support/stolen-identity.ts';

const SECURITY_PAGE = new URL('../../docs/security.md', import.meta.url);

const playground = await startPlayground();
t.teardown(() => playground.close());
const { api, client, cluster } = playground;
const { secretIn, loginWith } = pullSecretsOf(playground);

await api.createNamespace(PLACES.served);
await playground.install({ cronjob: { enabled: true }, targetNamespace: `${PLACES.served}*` });
await secretIn(PLACES.served);
const thief = await stealIdentity(cluster, api);
t.teardown(() => thief.client.close());
const world = await createFenceWorld(playground, thief);
const { allSucceed, allRefused, takeOver, withoutFence, withMoreRights } = world;

const victims = await createVictims(api);
const ALL_ATTACKS = [...PULL_SECRET_ATTACKS, ...RENEWER_ATTACKS, ...EVENT_ATTACKS, ...evictionAttacks(victims)];

t.test('the CronJob’s token makes an administrator, but for the fence', async (t) => {
  await withoutFence(async () => {
    await allSucceed(t, PULL_SECRET_ATTACKS);
    await takeOver(t, () => thief.api.get<Secret>(pathOf(PLACES.empty)));
    await withMoreRights(() => allSucceed(t, OWN_SECRETS_ATTACKS));
  });
  await allRefused(t, PULL_SECRET_ATTACKS);
  await withMoreRights(() => allRefused(t, OWN_SECRETS_ATTACKS));
});

t.test('what docs/security.md says that the CronJob’s token can still do', async (t) => {
  t.same(await linesOfPage('CronJob'), titlesOf(STILL_POSSIBLE_FOR_CRONJOB));
  await Promise.all(
    STILL_POSSIBLE_FOR_CRONJOB.map(([title, request]) => t.resolves(thief.client.request(asDryRun(request)), title)),
  );
  const others = STILL_POSSIBLE.filter(
    ([, { path }]) => !STILL_POSSIBLE_FOR_CRONJOB.some(([, may]) => may.path === path),
  );
  await Promise.all(
    others.map(([title, request]) =>
      t.rejects(thief.client.request(asDryRun(request)), /answered 403 Forbidden/, `not: ${title}`),
    ),
  );
});

t.test('the CronJob renews as before, and finds the fence', async (t) => {
  const log = await runJobFrom(playground, PRODUCT_NAME, {
    namespace: PRODUCT_NAME,
    name: 'by-hand',
  });
  t.match(log, `Updating secret in namespace [${PLACES.served}]... success\n`);
  t.notMatch(log, 'WARNING');
  t.equal(await loginWith(await secretIn(PLACES.served)), 200);
});

t.test('the renewer’s token makes an administrator, but for the fence', async (t) => {
  await playground.install({ optOut: 'delete', optInPolicy: { enabled: true }, missedPods: { evict: true } });
  await eventually('the CA is trusted', async () => assert.ok(await readCaBundle(api)));
  await withoutFence(async () => {
    await allSucceed(t, ALL_ATTACKS);
    await takeOver(t, listPullSecret);
    await withMoreRights(async () => {
      await allSucceed(t, WITH_MORE_RIGHTS);
      await withoutConfiguration(() => allSucceed(t, [NEW_CONFIGURATION]));
    });
  });
  await allRefused(t, ALL_ATTACKS);
  await withMoreRights(async () => {
    await allRefused(t, WITH_MORE_RIGHTS);
    await withoutConfiguration(() => allRefused(t, [NEW_CONFIGURATION]));
    // The ServiceAccount may be another program's too, which has secrets of its own.
    await thief.client.request(apply(pathOf(PLACES.empty, 'theirs'), tokenOf('any', 'theirs')));
  });
});

t.test('the fence restricts no other user', async (t) => {
  await Promise.all(ALL_ATTACKS.map(([title, request]) => t.resolves(client.request(asDryRun(request)), title)));
});

t.test('the renewer finds the fence, and works as before', async (t) => {
  const { pod } = await nextLeader(playground);
  await eventually('the fence is proven', async () => {
    assert.match(await metricsOf(playground, pod), /^ecr_pull_secrets_fence\{state="proven"\} 1$/m);
  });
  t.match(await logOf(playground, pod), 'admission policies fence the ServiceAccount');

  await api.createNamespace('new');
  t.equal(await loginWith(await secretIn('new')), 200);
  const { spec } = await api.createPod('new', {
    spec: { containers: [{ name: 'app', image: `${REGISTRY}/app` }] },
  });
  t.same(spec.imagePullSecrets, [{ name: SECRET }]);
  await api.merge('/api/v1/namespaces/new', {
    metadata: { labels: { 'ecr-pull-secrets.io/inject': null } },
  });
  await eventually('the secret of a namespace that opted out is deleted', async () => {
    assert.equal(await ifFound(api.get(pathOf('new'))), undefined);
  });
});

t.test('it repairs caBundle, and a CA’s Secret of another type', async (t) => {
  const caBundle = await readCaBundle(api);
  await removeCaBundle(client);
  await eventually('caBundle is repaired', async () => {
    assert.equal(await readCaBundle(api), caBundle);
  });
  await eventually('a person puts a Secret in the place of the CA’s', async () => {
    await api.remove(CA_SECRET).catch(() => undefined);
    await api.create(`/api/v1/namespaces/${PRODUCT_NAME}/secrets`, {
      metadata: { name: `${PRODUCT_NAME}-ca` },
      type: 'example.com/other',
    });
  });
  await eventually('there is a CA again', async () => {
    assert.equal((await api.get<Secret>(CA_SECRET)).type, 'Opaque');
  });
  t.pass();
});

testFullestConfiguration(t, playground, thief);

t.test('if a platform changes what we write, another user has to write first', async (t) => {
  if ((await kubernetesMinor(cluster)) < POLICIES_SINCE) return t.pass('it cannot be played');
  const end = await startNarrowingPlatform(playground);
  const change = asDryRun(applyWebhook({ clientConfig: { caBundle: '' } }));
  const write = (): Promise<unknown> => thief.client.request(change);
  await t.rejects(write(), {
    message: /only caBundle of its webhook configuration may be changed/,
  });
  // As docs/platforms.md says.
  await api.merge(CONFIGURATION, { metadata: { annotations: { 'example.com/written': 'x' } } });
  await t.resolves(write());
  return end();
});

t.test('what others added to a secret stays, and does not end its renewal', async (t) => {
  const { uid } = (await api.get<Pod>(`/api/v1/namespaces/${PLACES.served}`)).metadata;
  const theirs = {
    metadata: {
      labels: { team: 'x' },
      annotations: { 'replicator.v1.mittwald.de/replicate-to': 'x' },
      finalizers: ['example.com/theirs'],
      ownerReferences: [{ apiVersion: 'v1', kind: 'Namespace', name: PLACES.served, uid }],
    },
    data: { more: 'eA==' },
  };
  await api.merge(pathOf(PLACES.served), theirs);
  const edited = Buffer.from('{"auths":{}}').toString('base64');
  await api.merge(pathOf(PLACES.served), { data: { '.dockerconfigjson': edited } });
  const repaired = await eventually('it is written again', async () => {
    const found = await api.get<Secret>(pathOf(PLACES.served));
    assert.ok(documentOf(found).includes(REGISTRY));
    return found;
  });
  t.match(repaired, theirs);
  const nothing = { finalizers: null, ownerReferences: null };
  await api.merge(pathOf(PLACES.served), { metadata: nothing });
});

t.test('a secret that is as large as can be is renewed all the same', async (t) => {
  // Keys and values of others beside ours, and all of them near to 1 MiB together.
  const keys = Array.from({ length: 1_000 }, (_, index) => [`key-${index}`, 'A'.repeat(1_200)]);
  const edited = Buffer.from('{"auths":{}}').toString('base64');
  await api.merge(pathOf(PLACES.served), {
    data: { ...Object.fromEntries(keys), '.dockerconfigjson': edited },
  });
  await eventually('it is written again', async () => {
    const found = await api.get<Secret>(pathOf(PLACES.served));
    assert.ok(documentOf(found).includes(REGISTRY));
  });
  t.pass();
});

t.test('what another user writes in the renewer’s name, never to be renewed, is repaired', async (t) => {
  const { metadata } = await api.get<Secret>(pathOf(PLACES.served));
  const forged = apply(
    pathOf(PLACES.served),
    secret({
      metadata: {
        annotations: {
          ...metadata.annotations,
          'ecr-pull-secrets.io/expires-at': '2200-01-01T00:00:00Z',
        },
      },
      type: 'kubernetes.io/dockerconfigjson',
      data: DOCKER_CONFIG,
    }),
  );
  await thief.client.request({ ...forged, query: { fieldManager: PRODUCT_NAME, force: true } });
  const repaired = await eventually('it is written again', async () => {
    const found = await api.get<Secret>(pathOf(PLACES.served));
    assert.ok(documentOf(found).includes(REGISTRY));
    return found;
  });
  t.equal(await loginWith(repaired), 200);
});

t.test('no policy has an expression that this Kubernetes warns of', async (t) => {
  t.same(await world.policyWarnings(), []);
});

testFillUp(t, playground, thief);
testOptIn(t, playground, world);

testEffects(t, playground, thief);

t.test('what docs/security.md says that a stolen token can still do', async (t) => {
  const possible = [...STILL_POSSIBLE, possibleEviction(victims)];
  t.same(await linesOfPage('renewer'), titlesOf(possible));
  for (const [title, request] of possible) {
    await t.resolves(thief.client.request(request), `it ${title}`);
  }
});

testProof(t, playground, { thief, world });

testModes(t, playground);

t.test('uninstalled, it leaves no policy', async (t) => {
  await cluster.helm(['uninstall', PRODUCT_NAME, '--namespace', PRODUCT_NAME]);
  for (const collection of [POLICIES, BINDINGS]) t.same(await api.list(collection), []);
});

function titlesOf(attacks: readonly Attack[]): readonly string[] {
  return attacks.map(([title]) => title);
}

/** The list in docs/security.md of what one of the two tokens can do. */
async function linesOfPage(whose: string): Promise<readonly string[]> {
  const blocks = (await readFile(SECURITY_PAGE, 'utf8')).split(/\n\n(?!- )/);
  const list = blocks.find((block) => block.startsWith(`The ${whose}’s token`)) ?? '';
  return list
    .split('\n- ')
    .slice(1)
    .map((line) => line.replace(/[;.]$/, ''));
}

async function listPullSecret(): Promise<Secret | undefined> {
  const path = `/api/v1/namespaces/${PLACES.empty}/secrets`;
  const [found] = await thief.api.list<Secret>(path, { fieldSelector: `metadata.name=${SECRET}` });
  return found;
}

/** Does something while the webhook configuration is deleted. */
async function withoutConfiguration(work: () => Promise<void>): Promise<void> {
  const { metadata, ...found } = await api.get<KubeObject>(CONFIGURATION);
  const { name, labels, annotations } = metadata;
  await api.remove(CONFIGURATION);
  await work();
  const path = CONFIGURATION.slice(0, CONFIGURATION.lastIndexOf('/'));
  await api.create(path, { ...found, metadata: { name, labels, annotations } });
}
