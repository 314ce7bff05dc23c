import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { login } from '@ecr-pull-secrets/testbed/ecr-stand-in/login.ts';
import { registryHost } from '@ecr-pull-secrets/testbed/ecr-stand-in/registry-host.ts';
import type { WebIdentityTrust } from '@ecr-pull-secrets/testbed/ecr-stand-in/web-identity.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import t from 'tap';
import { readDocumentedValues, THREE_ACCOUNTS } from './support/documented-blocks.ts';
import { documentOf, pathOf } from './support/pull-secret.ts';

const HOME = '111111111111';
const OTHERS = ['222222222222', '333333333333'];
const REGIONS = ['us-east-1', 'eu-west-1'];

function roleIn(account: string): string {
  return `arn:aws:iam::${account}:role/ecr-pull`;
}

/** The key set is that of the cluster, which does not exist yet. */
const keys: WebIdentityTrust['keys'][number][] = [];
const trust: WebIdentityTrust = {
  issuer: 'https://kubernetes.default.svc.cluster.local',
  keys,
  subject: 'system:serviceaccount:ecr-pull-secrets:ecr-pull-secrets',
};

const playground = await startPlayground({
  ecr: {
    roles: [
      { arn: roleIn(HOME), webIdentity: trust },
      ...OTHERS.map((account) => ({ arn: roleIn(account), trustedPrincipals: [roleIn(HOME)] })),
    ],
  },
});
t.teardown(() => playground.close());
const { api, client, cluster, ecr } = playground;
// What an operator publishes at the issuer.
const published = await client.request<Pick<WebIdentityTrust, 'keys'>>({
  method: 'GET',
  path: '/openid/v1/jwks',
  accept: 'application/jwk-set+json',
});
keys.push(...published.keys);

const values = join(cluster.directory, 'three-accounts.yaml');
await writeFile(values, await readDocumentedValues('docs/aws.md', THREE_ACCOUNTS));
const withoutKeys = { awsAccessKeyId: null, awsSecretAccessKey: null };
await playground.install(withoutKeys, { files: [values] });

t.test('the documented file logs in at each registry of three accounts and two regions', async (t) => {
  await api.createNamespace('payments');
  const hosts = [HOME, ...OTHERS].flatMap((account) => REGIONS.map((region) => registryHost(account, region)));
  const document = await eventually('the secret with six registries', async () => {
    const text = documentOf(await api.get<Secret>(pathOf('payments')));
    assert.deepEqual(Object.keys(JSON.parse(text).auths).toSorted(), hosts.toSorted());
    return text;
  });
  for (const host of hosts) t.equal(await login(ecr.endpoint, document, host), 200, host);
});

t.test('STS accepts the token of the cluster for the role of the values, and no key is used', (t) => {
  const exchanges = ecr.calls.filter(({ operation }) => operation === 'AssumeRoleWithWebIdentity');
  t.ok(exchanges.length > 0);
  for (const exchange of exchanges) t.match(exchange, { roleArn: roleIn(HOME), outcome: 200 });
  const assumed = ecr.calls.filter(({ operation }) => operation === 'AssumeRole');
  t.same(new Set(assumed.map(({ roleArn }) => roleArn)), new Set(OTHERS.map(roleIn)));
  const tokens = ecr.calls.filter(({ operation }) => operation === 'GetAuthorizationToken');
  t.equal(tokens.length, 6);
  for (const { principalArn } of tokens) t.match(principalArn, /^arn:aws:sts::\d+:assumed-role\/ecr-pull\//);
  t.end();
});

t.test('a CronJob has the same identity', async (t) => {
  const first = ecr.calls.length;
  const cronjob = { ...withoutKeys, cronjob: { enabled: true }, targetNamespace: 'payments' };
  await playground.install(cronjob, { files: [values] });
  await eventually('six tokens of a run', () => {
    const calls = ecr.calls.slice(first).filter(({ outcome }) => outcome === 200);
    assert.equal(calls.filter(({ operation }) => operation === 'GetAuthorizationToken').length, 6);
    t.ok(calls.some(({ operation }) => operation === 'AssumeRoleWithWebIdentity'));
    return calls;
  });
});
