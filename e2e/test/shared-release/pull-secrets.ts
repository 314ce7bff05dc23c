import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Test } from 'tap';
import { ifFound } from '@ecr-pull-secrets/kube/api-error.ts';
import { createKubeClient, type KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { login } from '@ecr-pull-secrets/testbed/ecr-stand-in/login.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { findLeaks } from '@ecr-pull-secrets/testbed/playground/leaks.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { rulesOf } from '../support/access-rules.ts';
import { warningsIn } from '../support/warnings.ts';
import { expiryOf, pathOf, pullSecretsOf, SECRET } from '../support/pull-secret.ts';
import { playground } from './release.ts';

/** Far less than any renewal or sweep takes, so that only an answer to the event itself is in time. */
const AT_ONCE_MS = 8_000;

const { api, ecr } = playground;
const { secretIn, loginWith } = pullSecretsOf(playground, AT_ONCE_MS);

/** Waits until a namespace's secret logs in. */
function usable(namespace: string): Promise<Secret> {
  const check = async (): Promise<Secret> => {
    const secret = await api.get<Secret>(pathOf(namespace));
    assert.equal(await loginWith(secret), 200);
    return secret;
  };
  return eventually(`a usable secret in ${namespace}`, check, AT_ONCE_MS);
}

/** The token that a renewer has. */
async function serviceAccountToken(): Promise<string> {
  const directory = join(playground.cluster.directory, playground.node.name);
  const files = await readdir(directory, { recursive: true });
  const path = files.find((file) => basename(file) === 'token');
  assert.ok(path);
  return readFile(join(directory, path), 'utf8');
}

interface PodSpec {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly containers: readonly {
      readonly name: string;
      readonly volumeMounts: readonly { readonly mountPath: string }[];
    }[];
  };
}

/** The API as a ServiceAccount of the release namespace sees it. */
async function clientOf(account: string): Promise<KubeClient> {
  const path = `/api/v1/namespaces/ecr-pull-secrets/serviceaccounts/${account}/token`;
  const { status } = await api.create<{ status: { token: string } }>(path, {
    spec: { expirationSeconds: 600 },
  });
  const { serverUrl: server, caPem: ca } = playground.cluster;
  return createKubeClient({
    userAgent: 'can-i',
    credentials: async () => ({ server, authorization: `Bearer ${status.token}`, tls: { ca } }),
  });
}

/** The pull secrets from the first one to the last, and the rights of the renewer that writes them. */
export function testPullSecrets(t: Test): void {
  t.test('a labelled namespace gets a secret that logs in, at its own registry alone', async (t) => {
    await api.createNamespace('labelled');
    const secret = await secretIn('labelled');
    t.equal(secret.type, 'kubernetes.io/dockerconfigjson');
    t.match(secret.metadata, {
      labels: { 'app.kubernetes.io/managed-by': 'ecr-pull-secrets' },
      annotations: { 'ecr-pull-secrets.io/origin': 'created' },
    });
    t.ok(Date.parse(expiryOf(secret)) > Date.now());
    t.equal(await loginWith(secret), 200);
    t.equal(await login(ecr.endpoint, '{}', REGISTRY), 401);
    const elsewhere = REGISTRY.replace('us-east-1', 'eu-west-1');
    t.equal(await loginWith(secret, elsewhere), 401);
  });

  t.test('namespaces are targets by name too, and excluded ones are none even when labelled', async (t) => {
    await Promise.all([
      api.createNamespace('team-a', { injected: false }),
      api.createNamespace('other', { injected: false }),
      api.createNamespace('my-sandbox'),
      api.createNamespace('team-sandbox', { injected: false }),
    ]);
    await secretIn('team-a');
    // Made last: when it has its secret, the others had their chance.
    await api.createNamespace('last');
    await secretIn('last');
    for (const namespace of ['other', 'my-sandbox', 'team-sandbox']) {
      t.equal(await ifFound(api.get(pathOf(namespace))), undefined, namespace);
    }
  });

  t.test('a label on a namespace that is there already is answered at once', async (t) => {
    await api.createNamespace('later', { injected: false });
    t.equal(await ifFound(api.get(pathOf('later'))), undefined);
    await api.merge('/api/v1/namespaces/later', {
      metadata: { labels: { 'ecr-pull-secrets.io/inject': 'enabled' } },
    });
    t.equal(await loginWith(await secretIn('later')), 200);
  });

  t.test('a deleted secret comes back', async (t) => {
    await api.createNamespace('deleted');
    const { metadata } = await secretIn('deleted');
    await api.remove(pathOf('deleted'));
    const back = await secretIn('deleted');
    t.not(back.metadata.uid, metadata.uid);
    t.equal(await loginWith(back), 200);
  });

  t.test('an edited secret is repaired, and what is not ours in it stays', async (t) => {
    await api.createNamespace('edited');
    const { metadata } = await secretIn('edited');
    await api.merge(pathOf('edited'), {
      metadata: { labels: { team: 'x' }, annotations: { note: 'y' } },
      data: { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64'), more: 'eg==' },
    });
    const repaired = await usable('edited');
    t.equal(repaired.metadata.uid, metadata.uid);
    t.match(repaired, {
      metadata: { labels: { team: 'x' }, annotations: { note: 'y' } },
      data: { more: 'eg==' },
    });
  });

  t.test('a secret that was there before is taken over in place', async (t) => {
    await api.createNamespace('adopted', { injected: false });
    const before = await api.create<Secret>('/api/v1/namespaces/adopted/secrets', {
      metadata: { name: SECRET, labels: { from: 'old-tool' } },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') },
    });
    await api.merge('/api/v1/namespaces/adopted', {
      metadata: { labels: { 'ecr-pull-secrets.io/inject': 'enabled' } },
    });
    const after = await usable('adopted');
    t.equal(after.metadata.uid, before.metadata.uid);
    t.match(after.metadata, {
      labels: { from: 'old-tool' },
      annotations: { 'ecr-pull-secrets.io/origin': 'adopted' },
    });
  });

  t.test('a secret of another type is left alone and reported, and other namespaces go on', async (t) => {
    await api.createNamespace('opaque', { injected: false });
    const before = await api.create<Secret>('/api/v1/namespaces/opaque/secrets', {
      metadata: { name: SECRET },
      type: 'Opaque',
      data: { mine: 'eA==' },
    });
    await api.merge('/api/v1/namespaces/opaque', {
      metadata: { labels: { 'ecr-pull-secrets.io/inject': 'enabled' } },
    });
    const event = await eventually('an Event in the namespace', async () => {
      const [found] = await warningsIn(api, 'opaque');
      assert.ok(found);
      return found;
    });
    t.equal(event.reason, 'PullSecretRefused');
    t.match(event.message, /not of type kubernetes\.io\/dockerconfigjson.*Delete or rename it/);
    const after = await api.get<Secret>(pathOf('opaque'));
    t.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
    await api.createNamespace('beside-opaque');
    t.equal(await loginWith(await secretIn('beside-opaque')), 200);
    t.equal((await warningsIn(api, 'opaque')).length, 1, 'said once');
  });

  t.test('a namespace whose quota refuses the secret gets an Event, and the secret once there is room', async (t) => {
    await api.createNamespace('full', { injected: false });
    const quotas = '/api/v1/namespaces/full/resourcequotas';
    await api.create(quotas, {
      metadata: { name: 'none' },
      spec: { hard: { 'count/secrets': '0' } },
    });
    await eventually('the quota counts', async () => {
      const { status } = await api.get<{ status?: { hard?: object } }>(`${quotas}/none`);
      assert.ok(status?.hard);
    });
    await api.merge('/api/v1/namespaces/full', {
      metadata: { labels: { 'ecr-pull-secrets.io/inject': 'enabled' } },
    });
    await eventually('an Event in the namespace', async () => {
      const [event] = await warningsIn(api, 'full');
      assert.match(event?.message ?? '', /quota/);
    });
    await api.remove(`${quotas}/none`);
    // Tried again by itself, after waits that grow: no watch reports that there is room.
    const path = pathOf('full');
    t.equal(await loginWith(await eventually('the secret', () => api.get<Secret>(path))), 200);
  });

  t.test('an immutable secret is left alone and reported too', async (t) => {
    await api.createNamespace('immutable', { injected: false });
    const before = await api.create<Secret>('/api/v1/namespaces/immutable/secrets', {
      metadata: { name: SECRET },
      type: 'kubernetes.io/dockerconfigjson',
      immutable: true,
      data: { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') },
    });
    await api.merge('/api/v1/namespaces/immutable', {
      metadata: { labels: { 'ecr-pull-secrets.io/inject': 'enabled' } },
    });
    await eventually('an Event in the namespace', async () => {
      assert.equal((await warningsIn(api, 'immutable')).length, 1);
    });
    const after = await api.get<Secret>(pathOf('immutable'));
    t.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
  });

  t.test('the ServiceAccount may do exactly what it must', async (t) => {
    const client = await clientOf('ecr-pull-secrets');
    const stranger = await clientOf('default');
    t.teardown(() => Promise.all([client.close(), stranger.close()]));
    /** What it may do that not every ServiceAccount may. */
    const rulesIn = async (namespace: string): Promise<readonly string[]> => {
      const common = await rulesOf(stranger, namespace);
      const rules = await rulesOf(client, namespace);
      return rules.filter((rule) => !common.includes(rule)).toSorted();
    };
    const everywhere = [
      '/events create',
      '/namespaces list,watch',
      '/pods list',
      `/secrets[${SECRET}] create,delete,list,patch,watch`,
      'admissionregistration.k8s.io/mutatingwebhookconfigurations[ecr-pull-secrets] list,patch,watch',
    ];
    t.same(await rulesIn('labelled'), everywhere.toSorted());
    const athome = [
      '/secrets[ecr-pull-secrets-ca] create,delete,list,patch,watch',
      '/secrets[ecr-pull-secrets-tokens] create,get,list,patch,watch',
      'apps/deployments[ecr-pull-secrets] get',
      'coordination.k8s.io/leases[ecr-pull-secrets] create,get,patch,update',
    ];
    t.same(await rulesIn('ecr-pull-secrets'), [...everywhere, ...athome].toSorted());
    const secrets = '/api/v1/namespaces/labelled/secrets';
    const forbidden = { message: / 403 Forbidden/ };
    await t.rejects(client.request({ method: 'GET', path: '/api/v1/secrets' }), forbidden);
    await t.rejects(client.request({ method: 'GET', path: secrets }), forbidden);
    await t.rejects(client.request({ method: 'GET', path: `${secrets}/${SECRET}` }), forbidden);
    const body = { metadata: { name: 'other' } };
    await t.rejects(client.request({ method: 'POST', path: secrets, body }), forbidden);
  });

  t.test('only the renewer has a token, and only the certificate is mounted in the webhook', async (t) => {
    const pods = await api.list<PodSpec>('/api/v1/namespaces/ecr-pull-secrets/pods', {
      labelSelector: 'app.kubernetes.io/name=ecr-pull-secrets',
    });
    t.equal(pods.length, 2);
    for (const { spec } of pods) {
      const mountsOf = (name: string) =>
        spec.containers.find((container) => container.name === name)?.volumeMounts.map(({ mountPath }) => mountPath);
      t.same(mountsOf('webhook'), ['/run/ecr-pull-secrets/tls']);
      t.same(mountsOf('renewer'), [
        '/run/ecr-pull-secrets/tls',
        '/etc/ecr-pull-secrets',
        '/var/run/secrets/kubernetes.io/serviceaccount',
      ]);
    }
  });

  t.test('pods of an excluded namespace are left alone although it is labelled', async (t) => {
    const pod = { spec: { containers: [{ name: 'app', image: `${REGISTRY}/app` }] } };
    await eventually('the webhook has read what the renewer excludes', async () => {
      const { spec } = await api.createPod('my-sandbox', pod);
      assert.equal(spec.imagePullSecrets, undefined);
    });
    t.pass();
  });

  t.test('secrets are looked for where they could leak, and the search finds what is there', async (t) => {
    const { node } = playground;
    const logDirectory = join(playground.cluster.directory, node.name, 'logs');
    t.same(await findLeaks({ api, node, ecr, logDirectory }), []);
    await mkdir(join(logDirectory, 'planted'));
    const planted = join(logDirectory, 'planted', 'leak.log');
    const password = ecr.issuedTokens()[0]?.password ?? '';
    const encoded = Buffer.from(`{"auth":"AWS:${password}"}`).toString('base64');
    const token = await serviceAccountToken();
    for (const leak of [password, password.slice(100, 150), encoded.slice(40, 100), token]) {
      await writeFile(planted, `x ${leak} y`);
      t.same(await findLeaks({ api, node, ecr, logDirectory }), ['the log leak.log']);
    }
    await rm(join(logDirectory, 'planted'), { recursive: true });
  });
}
