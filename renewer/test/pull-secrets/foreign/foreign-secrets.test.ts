import t from 'tap';
import { findForeignKeys } from '../../../src/pull-secrets/foreign/foreign-keys.ts';
import { readPullSecretMetadata } from '../../../src/pull-secrets/cache/pull-secret-metadata.ts';
import type { ReadSecret } from '../../support/pull-secret-api.ts';
import { DEFAULT_TOKEN, labelled, ROLE, ROLE_TOKEN, startPullSecretWorld } from '../../support/pull-secret-world.ts';

const MINUTE_MS = 60_000;

const HUB = { 'https://index.docker.io/v1/': { username: 'me', password: 'p' } };
const ECR = { 'https://123456789012.dkr.ecr.us-east-1.amazonaws.com': { auth: 'QVdTOnA=' } };

/** Our docker config for a proxy. */
const DOCKER_CONFIG = { dockerConfigJson: '{"auths":{"https://proxy.example.com/":{}}}' };

function keysIn(text: string, type = 'kubernetes.io/dockerconfigjson'): readonly string[] {
  const data = { '.dockerconfigjson': Buffer.from(text).toString('base64') };
  return findForeignKeys({ type, data }, DOCKER_CONFIG);
}

function keysOf(auths: object): readonly string[] {
  return keysIn(JSON.stringify({ auths }));
}

t.test('keys of ECR are no stranger’s, whatever their form', (t) => {
  for (const key of [
    '123456789012.dkr.ecr.us-east-1.amazonaws.com',
    'http://123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com:443/v2/team',
    '*.dkr.ecr.eu-west-1.amazonaws.com/',
    '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn',
    '123456789012.dkr-ecr.eu-west-1.on.aws',
    'public.ecr.aws',
  ]) {
    t.same(keysOf({ [key]: { username: 'AWS' } }), [], key);
  }
  for (const key of [
    'https://index.docker.io/v1/',
    'ghcr.io',
    '123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.example',
    'evil.example/123456789012.dkr.ecr.us-east-1.amazonaws.com',
    '',
  ]) {
    t.same(keysOf({ [key]: { username: 'AWS' }, ...ECR }), [key], key);
  }
  t.end();
});

t.test('the marks of the predecessor and of ours say more than the key', (t) => {
  for (const email of ['awsregrenew@demo.test', 'ecr-pull-secrets@example.invalid']) {
    t.same(keysOf({ 'ghcr.io': { username: 'AWS', email } }), [], email);
    t.same(keysOf({ 'ghcr.io': { username: 'AWS', email }, ...HUB }), Object.keys(HUB));
  }
  t.end();
});

t.test('a token for a host that our document has is replaced by a token', (t) => {
  t.same(keysOf({ 'proxy.example.com': { username: 'AWS' } }), []);
  t.same(keysOf({ 'proxy.example.com/v2/': { auth: 'QVdTOnA=' } }), []);
  t.same(keysOf({ 'proxy.example.com': { username: 'robot' } }), ['proxy.example.com']);
  t.same(keysOf({ 'proxy.example.com': { auth: 'cm9ib3Q6cA==' } }), ['proxy.example.com']);
  t.same(keysOf({ 'proxy.example.com': {} }), ['proxy.example.com']);
  t.end();
});

t.test('what is no list of credentials has none', (t) => {
  for (const text of ['', '{}', 'null', '[]', '{"auths":null}', '{"auths":7}', 'not: JSON']) {
    t.same(keysIn(text), [], text);
  }
  t.same(keysIn('{"auths":{"ghcr.io":null}}'), ['ghcr.io']);
  t.same(keysIn('{"auths":{"ghcr.io":[1]}}'), ['ghcr.io']);
  t.same(keysIn('{"auths":{"__proto__":{"email":"awsregrenew@demo.test"}}}'), []);
  t.same(keysIn('{"auths":{"ghcr.io":{}}}', 'Opaque'), [], 'the API server refuses the write');
  t.same(findForeignKeys({ type: 'kubernetes.io/dockerconfigjson' }, DOCKER_CONFIG), []);
  t.end();
});

t.test('names are read as the kubelet reads them, and what two readers may read apart is foreign', (t) => {
  const hub = '"https://index.docker.io/v1/":{"auth":"bWU6cA=="}';
  const ecr = JSON.stringify(ECR);
  const mark = '"email":"awsregrenew@demo.test"';
  for (const text of [
    `{"Auths":{${hub}}}`,
    `{"AUTHS":{${hub}}}`,
    `{"auth\u017f":{${hub}}}`,
    `{"auths":{${hub}},"auths":{}}`,
    `{"auths":{${hub}},"auths":${ecr}}`,
    `{"auths":{${hub}},"Auths":${ecr}}`,
    `{"auths":${ecr},"Auths":{${hub}}}`,
    `{"Auths":{${hub}},"\\u0061uths":${ecr}}`,
    `{"auths":{${hub},"https://index.docker.io/v1/":{${mark}}}}`,
    `{"auths":{"ghcr.io":{"email":"me@example.com",${mark}}}}`,
    `{"auths":{"ghcr.io":{"Email":"me@example.com",${mark}}}}`,
    '{"auths":{"proxy.example.com":{"username":"AWS","auth":"cm9ib3Q6cA=="}}}',
    '{"auths":{"proxy.example.com":{"username":"AWS","Auth":"cm9ib3Q6cA=="}}}',
    '{"auths":{"proxy.example.com":{"auth":"QVdTOnA=","AUTH":"cm9ib3Q6cA=="}}}',
  ]) {
    t.equal(keysIn(text).length, 1, text);
  }
  for (const text of [
    `{"Auths":${ecr}}`,
    `{"auths":{"ghcr.io":{"Email":"awsregrenew@demo.test"}}}`,
    '{"auths":{"proxy.example.com":{"username":"robot","auth":"QVdTOnA="}}}',
    '{"auths":{"proxy.example.com":{"Username":"AWS","auth":""}}}',
    `{"HttpHeaders":{"auths":"x"},"auths":${ecr},"more":[{"a":1},{"a":":\\":"}]}`,
  ]) {
    t.same(keysIn(text), [], text);
  }
  t.same(keysIn(`{"x":${'['.repeat(9_000)}${']'.repeat(9_000)},"auths":{${hub}}}`).length, 1);
  t.end();
});

t.test('a document of more entries than a Secret has room for is not built', (t) => {
  const token = Buffer.from(`AWS:${'x'.repeat(3_000)}`).toString('base64');
  const entry = { username: 'AWS', password: token, email: 'awsregrenew@demo.test', auth: token };
  const names = Array.from({ length: 220 }, (_, index) => [`r${index}.example.com`, entry]);
  t.same(keysOf(Object.fromEntries(names)), [], 'the largest of the predecessor is');
  for (const bomb of ['['.repeat(500_000), `{"auths":{${'"a":{},'.repeat(150_000)}"b":{}}}`]) {
    const startMs = performance.now();
    t.match(keysIn(bomb), ['too many registries to look at']);
    t.ok(performance.now() - startMs < 500);
  }
  t.end();
});

function isOursByMetadata(metadata: object): boolean {
  return readPullSecretMetadata({ name: 's', ...metadata }).isOursByMetadata;
}

t.test('metadata say of some secrets whose they are', (t) => {
  const data = { 'f:data': { 'f:.dockerconfigjson': {} } };
  const by = (manager: string, fieldsV1: object = data) => ({
    managedFields: [{ manager, operation: 'Update', fieldsV1 }],
  });
  t.ok(isOursByMetadata(by('k8s-ecr-login-renew')));
  t.notOk(isOursByMetadata(by('k8s-ecr-login-renew', { 'f:type': {} })), 'no more');
  t.notOk(isOursByMetadata(by('kubectl-edit')));
  t.notOk(isOursByMetadata({}));
  for (const name of ['origin', 'plan-hash', 'renewed-at', 'expires-at']) {
    t.ok(isOursByMetadata({ annotations: { [`ecr-pull-secrets.io/${name}`]: 'x' } }), name);
  }
  t.ok(isOursByMetadata(takeOver('enabled')));
  t.notOk(isOursByMetadata(takeOver('disabled')));
  t.end();
});

function takeOver(value: string): object {
  return { annotations: { 'ecr-pull-secrets.io/take-over': value } };
}

/** Metadata of a secret without a claim. */
function unclaimed(namespace: string, resourceVersion: string) {
  return { name: 'ecr-pull-secret', namespace, uid: 'u', resourceVersion };
}

t.test('a foreign secret has a status of its own, and is read once', async (t) => {
  const world = await startPullSecretWorld(t, {
    namespaces: [labelled('a'), labelled('b')],
    secrets: [{ metadata: unclaimed('a', '7') }, { metadata: unclaimed('b', '7') }],
  });
  world.onRead((name) => ({
    resourceVersion: '7',
    auths: name === 'a' ? { ...ECR, ...HUB } : ECR,
  }));
  await world.pass(10 * MINUTE_MS);
  t.same(world.reads.toSorted(), ['a', 'b']);
  t.same(world.writes, ['b']);
  t.match(await world.metric('pull_secrets'), { foreign: 1, current: 1, pending: 0 });
  t.match(await world.metric('namespace_problems'), { PullSecretForeign: 1 });
  const [event] = world.events;
  t.match(event, { namespace: 'a', reason: 'PullSecretForeign' });
  t.match(event?.message, /"https:\/\/index\.docker\.io\/v1\/".*kubectl annotate secret .* -n a /);
  t.equal(world.events.length, 1);
  t.equal(world.warnings.length, 1);
  world.sendNamespace('MODIFIED', { metadata: { name: 'a' } });
  await world.pass(MINUTE_MS);
  t.match(await world.metric('namespace_problems'), { PullSecretForeign: 0 }, 'no target any more');
});

t.test('a namespace that is a target again, or has another role, is looked at again', async (t) => {
  const annotated = labelled('team-a', { 'ecr-pull-secrets.io/role-arn': ROLE });
  const world = await startPullSecretWorld(t, {
    namespaces: [labelled('team-a')],
    secrets: [{ metadata: unclaimed('team-a', '7') }],
    tokens: [DEFAULT_TOKEN, ROLE_TOKEN],
  });
  world.onRead(() => ({ resourceVersion: '7', auths: HUB }));
  await world.pass(1_000);
  t.equal(world.reads.length, 1);
  world.sendNamespace('MODIFIED', { metadata: { name: 'team-a' } });
  await world.pass(1_000);
  world.sendNamespace('MODIFIED', labelled('team-a'));
  await world.pass(MINUTE_MS);
  t.equal(world.reads.length, 2);
  t.equal(world.events.length, 2);
  t.match(await world.metric('pull_secrets'), { foreign: 1 });
  world.sendNamespace('MODIFIED', annotated);
  await world.pass(MINUTE_MS);
  t.equal(world.reads.length, 3, 'other credentials may be due, for other hosts');
  t.match(await world.metric('pull_secrets'), { foreign: 1 });
  t.same(world.writes, []);
});

t.test('a secret that changes again and again is read ever more rarely', async (t) => {
  const world = await startPullSecretWorld(t, {
    namespaces: [labelled('a')],
    secrets: [{ metadata: unclaimed('a', '7') }],
  });
  let last: ReadSecret = { resourceVersion: '7', auths: HUB };
  world.onRead(() => last);
  for (let second = 0; second < 600; second++) {
    const resourceVersion = world.sendSecret('MODIFIED', unclaimed('a', ''));
    last = { resourceVersion, auths: HUB };
    await world.pass(1_000);
  }
  t.ok(world.reads.length >= 5 && world.reads.length <= 15, `${world.reads.length} reads`);
  t.same(world.writes, []);
  t.equal(world.events.length, 1);
});

t.test('while the watch is behind, a secret is not read at full speed', async (t) => {
  const world = await startPullSecretWorld(t, {
    namespaces: [labelled('a')],
    secrets: [{ metadata: unclaimed('a', '7') }],
  });
  world.onRead(() => ({ resourceVersion: '8', auths: ECR }));
  await world.pass(MINUTE_MS);
  t.ok(world.reads.length <= 4, `${world.reads.length} reads`);
  t.same(world.writes, []);
});

t.test('a message quotes no more of a key than fits, and no password in it', async (t) => {
  const world = await startPullSecretWorld(t, {
    namespaces: [labelled('a')],
    secrets: [{ metadata: unclaimed('a', '7') }],
  });
  const long = `https://me:hunter2@${'x'.repeat(5_000)}`;
  world.onRead(() => ({ resourceVersion: '7', auths: { [long]: {}, ...HUB } }));
  await world.pass(1_000);
  const { message = '' } = world.events[0] ?? {};
  t.ok(message.length < 1_024, `${message.length} characters`);
  t.match(message, / and 1 more.*take-over=enabled/);
  t.notMatch(message, 'hunter2');
});
