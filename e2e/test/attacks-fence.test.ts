import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import t from 'tap';
import { eventually } from '../src/playground/eventually.ts';
import { ifPresent, type Manifest, type Pod, type Secret } from '../src/playground/kube-api.ts';
import { REGISTRY, startPlayground } from '../src/playground/playground.ts';
import { OPS_PORTS } from '../src/playground/ports.ts';
import { kubernetesMinor, POLICIES_SINCE } from './support/admission-policies.ts';
import { AUTHORITY, CONFIGURATION, readCaBundle } from './support/authority.ts';
import { apply, applyWebhook, asDryRun, PLACES, tokenOf } from './support/fence/attack.ts';
import {
  NEW_CONFIGURATION,
  OWN_SECRETS_ATTACKS,
  WITH_MORE_RIGHTS,
} from './support/fence/attacks-with-more-rights.ts';
import { PULL_SECRET_ATTACKS } from './support/fence/pull-secret-attacks.ts';
import { RENEWER_ATTACKS } from './support/fence/renewer-attacks.ts';
import { STILL_POSSIBLE } from './support/fence/still-possible.ts';
import { BINDINGS, createFenceWorld, POLICIES } from './support/fence/world.ts';
import { type KubeObject, readManifest } from './support/manifest.ts';
import { startNarrowingPlatform } from './support/narrowing-platform.ts';
import { runJobFrom } from './support/old-tool.ts';
import { documentOf, pathOf, pullSecretsOf, SECRET } from './support/pull-secret.ts';
import { logOf, nextLeader } from './support/renewers.ts';
import { stealIdentity } from './support/stolen-identity.ts';

const CHART = fileURLToPath(new URL('../../chart', import.meta.url));
const SECURITY_PAGE = new URL('../../docs/security.md', import.meta.url);

const playground = await startPlayground();
t.teardown(() => playground.close());
const { api, client, cluster, node } = playground;
const { secretIn, loginWith } = pullSecretsOf(playground);

await api.createNamespace(PLACES.served);
await playground.install({ cronjob: { enabled: true }, targetNamespace: `${PLACES.served}*` });
await secretIn(PLACES.served);
const thief = await stealIdentity(cluster, api);
t.teardown(() => thief.client.close());
const world = await createFenceWorld(playground, thief);
const { allSucceed, allRefused, takeOver, withoutFence, withMoreRights } = world;

t.test('the CronJob’s token makes an administrator, but for the fence', async (t) => {
  await withoutFence(async () => {
    await allSucceed(t, PULL_SECRET_ATTACKS);
    await takeOver(t, () => thief.api.get<Secret>(pathOf(PLACES.empty)));
  });
  await allRefused(t, PULL_SECRET_ATTACKS);
});

t.test('where it has more rights than the chart gives it, the fence is the same', async (t) => {
  await withMoreRights(async () => {
    await withoutFence(() => allSucceed(t, OWN_SECRETS_ATTACKS));
    await allRefused(t, OWN_SECRETS_ATTACKS);
  });
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
  await playground.install({ optOut: 'delete', optInPolicy: { enabled: true } });
  await eventually('the authority is trusted', async () => assert.ok(await readCaBundle(api)));
  await withoutFence(async () => {
    await allSucceed(t, [...PULL_SECRET_ATTACKS, ...RENEWER_ATTACKS]);
    await takeOver(t, listPullSecret);
  });
  await allRefused(t, [...PULL_SECRET_ATTACKS, ...RENEWER_ATTACKS]);
});

t.test('where it has more rights than the chart gives it, the fence is the same', async (t) => {
  await withMoreRights(async () => {
    await withoutFence(async () => {
      await allSucceed(t, WITH_MORE_RIGHTS);
      await withoutConfiguration(() => allSucceed(t, [NEW_CONFIGURATION]));
    });
    await allRefused(t, WITH_MORE_RIGHTS);
    await withoutConfiguration(() => allRefused(t, [NEW_CONFIGURATION]));
    // The ServiceAccount may be another program's too, which has secrets of its own.
    await thief.client.request(apply(pathOf(PLACES.empty, 'theirs'), tokenOf('any', 'theirs')));
  });
});

t.test('the fence is about nobody else', async (t) => {
  for (const [title, request] of [...PULL_SECRET_ATTACKS, ...RENEWER_ATTACKS]) {
    await t.resolves(client.request(asDryRun(request)), title);
  }
});

t.test('the renewer finds the fence, and works as before', async (t) => {
  const { pod } = await nextLeader(playground);
  await eventually('the fence is proven', async () => {
    assert.match(await metricsOf(pod), /^ecr_pull_secrets_fence\{state="proven"\} 1$/m);
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
    assert.equal(await ifPresent(api.get(pathOf('new'))), undefined);
  });
});

t.test('it repairs caBundle, and an authority’s Secret of another type', async (t) => {
  const caBundle = await readCaBundle(api);
  await client.request({
    method: 'PATCH',
    path: CONFIGURATION,
    contentType: 'application/json-patch+json',
    body: [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }],
  });
  await eventually('caBundle is repaired', async () => {
    assert.equal(await readCaBundle(api), caBundle);
  });
  await eventually('somebody puts a Secret in the place of the authority’s', async () => {
    await api.remove(AUTHORITY).catch(() => undefined);
    await api.create(`/api/v1/namespaces/${PRODUCT_NAME}/secrets`, {
      metadata: { name: `${PRODUCT_NAME}-ca` },
      type: 'example.com/other',
    });
  });
  await eventually('there is an authority again', async () => {
    assert.equal((await api.get<Secret>(AUTHORITY)).type, 'Opaque');
  });
  t.pass();
});

t.test('where a platform changes what we write, somebody else has to write first', async (t) => {
  if ((await kubernetesMinor(cluster)) < POLICIES_SINCE) return t.pass('it cannot be played');
  const end = await startNarrowingPlatform(playground);
  const change = asDryRun(applyWebhook({ clientConfig: { caBundle: '' } }));
  const write = (): Promise<unknown> => thief.client.request(change);
  await t.rejects(write(), { message: /nothing in its webhook configuration is changed but/ });
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

t.test('no policy has an expression that this Kubernetes warns of', async (t) => {
  t.same(await world.policyWarnings(), []);
});

t.test('only those who have the verb opt-in change what namespaces opt in by', async (t) => {
  const editor = await world.identityWith('editor', [
    {
      apiGroups: [''],
      resources: ['namespaces', 'namespaces/status', 'namespaces/finalize'],
      verbs: ['create', 'update', 'patch'],
    },
  ]);
  t.teardown(() => editor.client.close());
  const team = '/api/v1/namespaces/team';
  await eventually('RBAC heeds it', () =>
    editor.api.create('/api/v1/namespaces', { metadata: { name: 'team', labels: { tier: 'a' } } }),
  );
  const refused = /only those who have the verb opt-in/;
  const inject = { 'ecr-pull-secrets.io/inject': 'enabled' };
  const role = { 'ecr-pull-secrets.io/role-arn': 'arn:aws:iam::123456789012:role/x' };
  const create = (metadata: Manifest) => editor.api.create('/api/v1/namespaces', { metadata });
  await t.rejects(create({ name: 'born', labels: inject }), refused, 'in a new namespace');
  for (const path of [team, `${team}/status`]) {
    await t.rejects(editor.api.merge(path, { metadata: { labels: inject } }), refused, path);
    await t.rejects(editor.api.merge(path, { metadata: { annotations: role } }), refused, path);
  }
  const served = `/api/v1/namespaces/${PLACES.served}`;
  const nothing = { metadata: { labels: { 'ecr-pull-secrets.io/inject': null } } };
  await t.rejects(editor.api.merge(served, nothing), refused, 'nor takes anything away');
  const others = { metadata: { labels: { tier: 'b' }, annotations: { note: 'x' } } };
  await t.resolves(editor.api.merge(served, others), 'all else is as before');

  await api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'opt-in' },
    roleRef: {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'ClusterRole',
      name: `${PRODUCT_NAME}-opt-in`,
    },
    subjects: [{ kind: 'ServiceAccount', name: 'editor', namespace: PLACES.empty }],
  });
  await eventually('with the role it may', () =>
    editor.api.merge(team, { metadata: { labels: inject, annotations: role } }),
  );
  await t.resolves(create({ name: 'born', labels: inject }));
});

t.test('what docs/security.md says that a stolen token can still do', async (t) => {
  const page = await readFile(SECURITY_PAGE, 'utf8');
  for (const [title, request] of STILL_POSSIBLE) {
    t.ok(page.includes(`\n- ${title}`), `the page says that it ${title}`);
    await t.resolves(thief.client.request(request), `it ${title}`);
  }
});

t.test('a fence about another identity than ours is found missing', async (t) => {
  await world.fenceSomebodyElse();
  const { pod: former, identity } = await nextLeader(playground);
  await api.remove(`/api/v1/namespaces/${PRODUCT_NAME}/pods/${former}`);
  const { pod } = await nextLeader(playground, identity);
  const check = async (): Promise<void> => {
    assert.match(await metricsOf(pod), /^ecr_pull_secrets_fence\{state="missing"\} 1$/m);
    assert.match(await logOf(playground, pod), /no admission policy fences the ServiceAccount/);
  };
  await eventually('the next leader finds out', check, 90_000);
  t.equal(await ifPresent(api.get(pathOf(PRODUCT_NAME))), undefined, 'a dry run leaves nothing');
});

t.test('the policies of every mode and of odd names compile', async (t) => {
  const selector = '{"matchLabels":{"ecr-pull-secrets.io/inject":null},"matchExpressions":[]}';
  const modes: readonly (readonly string[])[] = [
    ['--set', 'injection.mode=none'],
    ['--set', 'cronjob.enabled=true,targetNamespace=a,optInPolicy.enabled=false'],
    ['--set', 'dockerSecretName=a.b-c,fullnameOverride=x,serviceAccount.name=a.b'],
    ['--set', 'namespaceSelector.matchLabels.team=x'],
    ['--set-json', `namespaceSelector=${selector}`],
  ];
  for (const mode of modes) {
    const settings = ['--set', 'awsRegion=us-east-1,optInPolicy.enabled=true', ...mode];
    const { stdout } = await cluster.helm([
      'template',
      'odd',
      CHART,
      '--namespace',
      'odd',
      ...settings,
    ]);
    const policies = readManifest(stdout).filter(
      ({ kind }) => kind === 'ValidatingAdmissionPolicy',
    );
    t.ok(policies.length > 0);
    for (const policy of policies) {
      await t.resolves(
        api.create(POLICIES, { ...policy }, { dryRun: 'All', fieldValidation: 'Strict' }),
        `${mode.join(' ')}: ${policy.metadata.name}`,
      );
    }
  }
});

t.test('uninstalled, it leaves no policy', async (t) => {
  await cluster.helm(['uninstall', PRODUCT_NAME, '--namespace', PRODUCT_NAME]);
  for (const collection of [POLICIES, BINDINGS]) t.same(await api.list(collection), []);
});

async function listPullSecret(): Promise<Secret | undefined> {
  const path = `/api/v1/namespaces/${PLACES.empty}/secrets`;
  const [found] = await thief.api.list<Secret>(path, { fieldSelector: `metadata.name=${SECRET}` });
  return found;
}

/** Does something while somebody has deleted the webhook configuration. */
async function withoutConfiguration(work: () => Promise<void>): Promise<void> {
  const { metadata, ...found } = await api.get<KubeObject>(CONFIGURATION);
  const { name, labels, annotations } = metadata;
  await api.remove(CONFIGURATION);
  await work();
  const path = CONFIGURATION.slice(0, CONFIGURATION.lastIndexOf('/'));
  await api.create(path, { ...found, metadata: { name, labels, annotations } });
}

async function metricsOf(pod: string): Promise<string> {
  const path = `/api/v1/namespaces/${PRODUCT_NAME}/pods/${pod}`;
  const { status } = await api.get<{ status: { podIP?: string } }>(path);
  const address = node.toLoopback(status.podIP ?? '');
  return (await fetch(`http://${address}:${OPS_PORTS.renewer}/metrics`)).text();
}
