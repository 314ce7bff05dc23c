import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { login } from '@ecr-pull-secrets/testbed/ecr-stand-in/login.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { AWS_IDENTITY, startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { documentOf, expiryOf, pathOf } from './support/pull-secret.ts';
import { warningsIn } from './support/warnings.ts';

/** Renewed at half of it: long enough for the first half of this file, short enough to wait for. */
const TOKEN_LIFETIME_MS = 50_000;

const HOME = AWS_IDENTITY.account;
const OTHER = '210987654321';
const EAST_ROLE = `arn:aws:iam::${OTHER}:role/pull-east`;
const WEST_ROLE = `arn:aws:iam::${OTHER}:role/pull-west`;
const TEAM_ROLE = `arn:aws:iam::${OTHER}:role/team`;

function hostOf(account: string, region: string): string {
  return `${account}.dkr.ecr.${region}.amazonaws.com`;
}

/** The registry that each key stands for, the proxy's by the token that it takes. */
const REGISTRIES = [
  { host: hostOf(HOME, 'us-east-1') },
  { host: `https://${hostOf(HOME, 'us-west-2')}` },
  { host: hostOf(OTHER, 'us-east-1'), roleArn: EAST_ROLE },
  { host: hostOf(OTHER, 'us-west-2'), roleArn: WEST_ROLE, externalId: 'ours' },
  { host: 'proxy.example.com', tokenOf: hostOf(HOME, 'us-west-2') },
  { host: 'public.ecr.aws' },
];

const playground = await startPlayground({
  audit: true,
  ecr: {
    tokenLifetimeMs: TOKEN_LIFETIME_MS,
    roles: [
      { arn: EAST_ROLE, trustedPrincipals: [HOME] },
      { arn: WEST_ROLE, trustedPrincipals: [HOME], externalId: 'ours' },
      { arn: TEAM_ROLE, trustedPrincipals: [HOME] },
    ],
    registryReaders: { [HOME]: [TEAM_ROLE] },
    registryAliases: { 'proxy.example.com': hostOf(HOME, 'us-west-2') },
  },
});
t.teardown(() => playground.close());
const { api, ecr, cluster } = playground;
await playground.install({
  registries: REGISTRIES,
  namespaceRoles: [{ roleArn: TEAM_ROLE, namespaces: 'team-*' }],
});

function secretIn(namespace: string): Promise<Secret> {
  return eventually(`the secret in ${namespace}`, async () => {
    const secret = await api.get<Secret>(pathOf(namespace));
    assert.equal(Object.keys(authsOf(secret)).length, REGISTRIES.length);
    return secret;
  });
}

function authsOf(secret: Secret): Readonly<Record<string, unknown>> {
  return JSON.parse(documentOf(secret)).auths;
}

/** Tries the credentials of one key at a registry. */
function loginAt(host: string, credentials: unknown): Promise<number> {
  return login(ecr.endpoint, JSON.stringify({ auths: { [host]: credentials } }), host);
}

t.test('AWS is called once for each identity and region', async (t) => {
  await api.createNamespace('all');
  await secretIn('all');
  // From here on whatever takes time may let the first renewal in.
  const calls = [...ecr.calls];
  const asked = calls
    .filter(({ operation }) => operation === 'GetAuthorizationToken')
    .map(({ service, region, principalArn }) => `${service} ${region} ${principalArn}`);
  t.equal(asked.length, 5);
  t.equal(new Set(asked).size, 5);
  t.equal(calls.filter(({ operation }) => operation === 'AssumeRole').length, 2);
});

t.test('each credential logs in at its own registry and at no other', async (t) => {
  const auths = authsOf(await secretIn('all'));
  for (const { host: key, tokenOf } of REGISTRIES) {
    const own = (tokenOf ?? key).replace('https://', '');
    const opened: string[] = [];
    for (const { host } of REGISTRIES) {
      const place = host.replace('https://', '');
      if ((await loginAt(place, auths[key])) === 200) opened.push(place);
    }
    const wanted = REGISTRIES.filter(({ host, tokenOf: of }) => (of ?? host).endsWith(own));
    t.same(
      opened,
      wanted.map(({ host }) => host.replace('https://', '')),
      key,
    );
  }
});

t.test('a namespace gets its own role if the allow-list gives it', async (t) => {
  await api.createNamespace('team-a', { injected: false });
  await api.merge('/api/v1/namespaces/team-a', {
    metadata: {
      labels: { 'ecr-pull-secrets.io/inject': 'enabled' },
      annotations: { 'ecr-pull-secrets.io/role-arn': TEAM_ROLE },
    },
  });
  const host = hostOf(HOME, 'us-east-1');
  const common = authsOf(await secretIn('all'))[host];
  const own = authsOf(await secretIn('team-a'))[host];
  t.equal(await loginAt(host, own), 200);
  t.equal(await loginAt(hostOf(OTHER, 'us-east-1'), own), 200, 'it is the other account’s role');
  t.equal(await loginAt(hostOf(OTHER, 'us-east-1'), common), 401);
});

t.test('elsewhere the annotation is ignored, and an Event says so', async (t) => {
  await api.createNamespace('greedy', { injected: false });
  await api.merge('/api/v1/namespaces/greedy', {
    metadata: {
      labels: { 'ecr-pull-secrets.io/inject': 'enabled' },
      annotations: { 'ecr-pull-secrets.io/role-arn': TEAM_ROLE },
    },
  });
  const auths = authsOf(await secretIn('greedy'));
  t.equal(await loginAt(hostOf(OTHER, 'us-east-1'), auths[hostOf(HOME, 'us-east-1')]), 401);
  const event = await eventually('an Event in the namespace', async () => {
    const [found] = await warningsIn(api, 'greedy');
    assert.ok(found);
    return found;
  });
  t.match(event, { reason: 'RoleRefused', message: /chart value namespaceRoles/ });
});

t.test('all tokens are renewed at half life with one write for each namespace', async (t) => {
  await api.createNamespace('renewed');
  const first = await secretIn('renewed');
  await api.merge(pathOf('renewed'), {
    metadata: { labels: { team: 'x' }, annotations: { note: 'y' } },
    data: { more: 'eg==' },
  });
  const second = await eventually(
    'newer tokens',
    async () => {
      const secret = await secretIn('renewed');
      assert.notDeepEqual(authsOf(secret), authsOf(first));
      return secret;
    },
    TOKEN_LIFETIME_MS,
  );
  t.ok(Date.now() < Date.parse(expiryOf(first)), 'the old tokens still live');
  t.equal(second.metadata.uid, first.metadata.uid);
  t.match(second, {
    metadata: { labels: { team: 'x' }, annotations: { note: 'y' } },
    data: { more: 'eg==' },
  });
  t.ok(expiryOf(second) > expiryOf(first));
  const host = hostOf(OTHER, 'us-west-2');
  t.equal(await loginAt(host, authsOf(second)[host]), 200);
  t.equal(await loginAt(host, authsOf(first)[host]), 200, 'a node that still has the old one can pull');
  // The API server logs a request a moment after it has answered.
  await eventually('both writes are in the log', async () => {
    assert.ok((await writesTo('renewed')) >= 2);
  });
  t.equal(await writesTo('renewed'), 2, 'one at first, one for the renewal');
});

/** Writes of the pull secret by the product, as the API server counted them. */
async function writesTo(namespace: string): Promise<number> {
  const log = await readFile(cluster.auditLogPath ?? '', 'utf8');
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line): AuditEvent => JSON.parse(line))
    .filter(
      ({ verb, stage, objectRef, userAgent }) =>
        verb === 'patch' &&
        stage === 'ResponseComplete' &&
        userAgent?.startsWith('ecr-pull-secrets/') &&
        objectRef?.resource === 'secrets' &&
        objectRef.namespace === namespace,
    ).length;
}

interface AuditEvent {
  readonly verb: string;
  readonly stage: string;
  readonly userAgent?: string;
  readonly objectRef?: { readonly resource: string; readonly namespace?: string };
}
