import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { startConnectProxy } from '@ecr-pull-secrets/shared/testing/connect-proxy.ts';
import t from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Event, Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY, startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { startKubectl } from './support/kubectl.ts';
import { documentOf, pathOf, pullSecretsOf } from './support/pull-secret.ts';
import { metricsOf, nextLeader } from './support/renewers.ts';

/** A renewal is after half of it, and a token that is refused is tried again within the other half. */
const TOKEN_LIFETIME_MS = 36_000;

/** A renewal, and the waits after a token that was refused. */
const WITHIN_MS = 60_000;

/** A registry of another region, which the proxy does not reach. */
const FAR_REGISTRY = REGISTRY.replace('us-east-1', 'eu-west-1');

const NAMESPACES = Array.from({ length: 10 }, (_, index) => `team-${index}`);

const HOME = `/api/v1/namespaces/${PRODUCT_NAME}`;

const now = new Date();
const ca = await createCa({ commonName: 'corporate', now });
const names = { serviceName: 'aws', namespace: 'test', now, extraDnsNames: [REGISTRY] };
const { certificatePem: cert, privateKeyPem: key } = await createServingCertificate(ca, names);
const playground = await startPlayground({ ecr: { tls: { key, cert }, tokenLifetimeMs: TOKEN_LIFETIME_MS } });
t.teardown(() => playground.close());
const { api, ecr, cluster } = playground;
const { secretIn, loginWith } = pullSecretsOf(playground);
const port = Number(new URL(ecr.secureEndpoint ?? '').port);
const proxy = await startConnectProxy({ routes: { [`${REGISTRY}:443`]: port } });
t.teardown(() => proxy.close());

await api.create('/api/v1/namespaces', { metadata: { name: PRODUCT_NAME } });
await api.create(`${HOME}/configmaps`, {
  metadata: { name: 'corporate-ca' },
  data: { 'ca.crt': ca.certificatePem },
});
for (const namespace of NAMESPACES) await api.createNamespace(namespace);
await playground.install({
  canary: true,
  registries: [REGISTRY, FAR_REGISTRY],
  proxy: { httpsProxy: proxy.url },
  extraCaCerts: { configMap: 'corporate-ca' },
});
const { pod } = await nextLeader(playground);
const kubectl = await startKubectl(cluster);

interface DeploymentEvent extends Event {
  readonly type: string;
  readonly involvedObject: { readonly kind: string; readonly uid?: string };
}

async function deploymentEvents(reason: string): Promise<readonly DeploymentEvent[]> {
  const events = await api.list<DeploymentEvent>(`${HOME}/events`);
  return events.filter((event) => event.reason === reason && event.involvedObject.kind === 'Deployment');
}

/** The documents of all namespaces, each of which logs in. */
async function goodDocuments(): Promise<readonly string[]> {
  const secrets = await Promise.all(NAMESPACES.map((namespace) => api.get<Secret>(pathOf(namespace))));
  for (const secret of secrets) assert.equal(await loginWith(secret), 200);
  return secrets.map(documentOf);
}

async function describeDeployment(): Promise<string> {
  return (await kubectl('describe', 'deployment', PRODUCT_NAME, '--namespace', PRODUCT_NAME)).join('\n');
}

function eastOf(document: string): unknown {
  return JSON.parse(document).auths?.[REGISTRY]?.password;
}

function farOf(document: string): unknown {
  return JSON.parse(document).auths?.[FAR_REGISTRY]?.password;
}

/** The rights of the renewer on Deployments of its namespace. */
async function rightsOnDeployments(): Promise<readonly string[]> {
  const account = `system:serviceaccount:${PRODUCT_NAME}:${PRODUCT_NAME}`;
  const lines = await kubectl('auth', 'can-i', '--list', '--namespace', PRODUCT_NAME, '--as', account);
  return lines.filter((line) => line.startsWith('deployments.apps'));
}

/** The gauge of the alert: the first metric of its expression. */
async function refusedLogins(): Promise<readonly string[]> {
  const alerts = await readFile(new URL('../../chart/monitoring/alerts.yaml', import.meta.url), 'utf8');
  const [, metric] = /EcrPullSecretsRegistryRefusesToken\n +expr: max by \(.*\) \((\w+)\) > 0/.exec(alerts) ?? [];
  const figures = await metricsOf(playground, pod);
  assert.ok(metric && figures.includes(`# TYPE ${metric} gauge`), 'the alert uses a metric of the renewer');
  return figures.split('\n').filter((line) => line.startsWith(`${metric}{`));
}

t.test('a new token that does not log in replaces no good one, and that heals by itself', async (t) => {
  await Promise.all(NAMESPACES.map((namespace) => secretIn(namespace)));
  const before = await eventually('secrets that log in', goodDocuments);
  const known = new Set(ecr.issuedTokens());
  const accept = ecr.refuseLogins((token) => !known.has(token));
  await eventually('the alert', async () => assert.match((await refusedLogins()).join(), /} 1$/), WITHIN_MS);
  t.match(await refusedLogins(), [
    /token="ecr us-east-1".*registry="123456789012\.dkr\.ecr\.us-east-1\.amazonaws\.com"/,
  ]);

  const [event] = await eventually('the Event', async () => {
    const events = await deploymentEvents('RegistryRefusedToken');
    assert.equal(events.length, 1);
    return events;
  });
  t.match(event, { type: 'Warning', message: new RegExp(`does not log in at ${REGISTRY} .*keep the older token`) });
  t.match(await describeDeployment(), /Warning +RegistryRefusedToken .*does not log in at 123456789012/);
  t.ok(ecr.issuedTokens().length > known.size, 'AWS gave a new token');
  const during = await eventually(
    'new tokens of the other region, whose registry the renewer does not reach',
    async () => {
      const documents = await goodDocuments();
      assert.ok(documents.every((document, index) => farOf(document) !== farOf(before[index] ?? '{}')));
      return documents;
    },
    WITHIN_MS,
  );
  t.ok(proxy.requests.some(({ target, status }) => target === `${FAR_REGISTRY}:443` && status === 502));
  t.match(await metricsOf(playground, pod), /registry_logins_total\{result="unknown"\} [1-9]/);
  t.same(during.map(eastOf), before.map(eastOf), 'each namespace keeps the token that logs in');

  accept();
  await eventually('the end of the alert', async () => assert.deepEqual(await refusedLogins(), []), WITHIN_MS);
  await eventually(
    'new tokens in all namespaces',
    async () => {
      const after = await goodDocuments();
      assert.ok(after.every((document, index) => eastOf(document) !== eastOf(before[index] ?? '{}')));
    },
    WITHIN_MS,
  );
  await eventually('the Event of the end', async () => {
    assert.equal((await deploymentEvents('RegistryTokenRenewed')).length, 1);
  });
});

t.test('if AWS refuses, the Deployment says whom, what for and which right is missing', async (t) => {
  const text = 'User: arn:aws:iam::123456789012:user/renewer is not authorized to perform: ecr:GetAuthorizationToken';
  ecr.faults.add(
    { kind: 'error', code: 'AccessDeniedException', message: `${text}\nx-amz-security-token: of a canonical request` },
    { when: ({ region }) => region === 'us-east-1' },
  );
  ecr.faults.add({ kind: 'disconnect' }, { when: ({ region }) => region === 'eu-west-1' });
  const [refused] = await eventually(
    'the Event',
    async () => {
      const events = await deploymentEvents('AwsRefusedToken');
      assert.equal(events.length, 1);
      return events;
    },
    WITHIN_MS,
  );
  t.match(refused?.message, `The renewer gets no token for ${REGISTRY} with its AWS identity.`);
  t.match(refused?.message, 'must allow ecr:GetAuthorizationToken');
  t.match(refused?.message, `AccessDeniedException: ${text}`);
  t.notMatch(refused?.message, 'canonical');
  await eventually(
    'the Event of the region',
    async () => assert.match((await deploymentEvents('AwsUnreachable'))[0]?.message ?? '', new RegExp(FAR_REGISTRY)),
    WITHIN_MS,
  );
  t.equal((await deploymentEvents('AwsRefusedToken')).length, 1, 'one Event for all failures');
  t.match(await describeDeployment(), /Warning +AwsRefusedToken /);
  ecr.faults.clear();
  await eventually('tokens', goodDocuments, WITHIN_MS);
});

t.test('the first write of a pull secret is an Event of the namespace, and a renewal is none', async (t) => {
  const events = await api.list<DeploymentEvent>('/api/v1/namespaces/team-0/events');
  t.match(events, [{ type: 'Normal', reason: 'PullSecretWritten', message: /^The pull secret "ecr-pull-secret" / }]);
  t.equal(events.length, 1);
});

t.test('without Events of the Deployment the renewer may not read it', async (t) => {
  t.match(await rightsOnDeployments(), [/^deployments\.apps +\[\] +\[ecr-pull-secrets\] +\[get\]$/]);
  await playground.install({ deploymentEvents: false }, { wait: false });
  t.same(await rightsOnDeployments(), []);
});
