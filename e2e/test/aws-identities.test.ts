import { createAwsRequestHandler } from '@ecr-pull-secrets/renewer/network/aws-request-handler.ts';
import { createAwsTokenSource } from '@ecr-pull-secrets/renewer/credentials/aws/aws-token-source.ts';
import { createDockerConfig } from '@ecr-pull-secrets/renewer/credentials/docker-config.ts';
import type { Registry } from '@ecr-pull-secrets/renewer/credentials/registries/registries.ts';
import type { RegistryToken } from '@ecr-pull-secrets/renewer/credentials/registry-token.ts';
import { planTokens } from '@ecr-pull-secrets/renewer/credentials/token-plan.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import t, { type Test } from 'tap';
import { login } from '@ecr-pull-secrets/testbed/ecr-stand-in/login.ts';
import { registryHost } from '@ecr-pull-secrets/testbed/ecr-stand-in/registry-host.ts';
import {
  ACCOUNT,
  type AwsVariables,
  PULL_ACCOUNT,
  PULL_ROLE,
  startIdentities,
  type Way,
} from './support/aws-identities.ts';

const REGION = 'us-east-1';
const OWN_HOST = registryHost(ACCOUNT, REGION);
const PULL_HOST = registryHost(PULL_ACCOUNT, REGION);

/** Whose tokens each way brings. */
const WAYS: readonly (readonly [way: Way, account: string])[] = [
  ['static keys', ACCOUNT],
  ['keys with a session token', ACCOUNT],
  ['a shared credentials file', ACCOUNT],
  ['a profile', ACCOUNT],
  ['a profile with a role', PULL_ACCOUNT],
  ['IRSA', ACCOUNT],
  ['EKS Pod Identity', ACCOUNT],
  ['the instance role', ACCOUNT],
];

/** The document that the product makes for these registries, by nothing but its variables. */
async function documentFor(t: Test, variables: AwsVariables, registries: readonly Registry[]): Promise<string> {
  t.intercept(process, 'env', { value: variables });
  const requestHandler = createAwsRequestHandler({});
  t.teardown(() => requestHandler.destroy());
  const tokenSource = createAwsTokenSource({ clock: systemClock, requestHandler });
  const plan = planTokens({ registries, region: REGION });
  const tokens = new Map<string, RegistryToken>();
  for (const request of plan.requests) {
    tokens.set(request.id, await tokenSource(request, new AbortController().signal));
  }
  return createDockerConfig(plan, tokens, Date.now())?.dockerConfigJson ?? '';
}

for (const [way, account] of WAYS) {
  t.test(`${way}: the token opens the registry of its account and region alone`, async (t) => {
    const { standIn, ways } = await startIdentities(t);
    const document = await documentFor(t, ways[way], []);
    const own = registryHost(account, REGION);
    t.same(Object.keys(JSON.parse(document).auths), [`https://${own}`]);
    t.equal(await login(standIn.endpoint, document, own), 200);
    for (const host of [registryHost(account, 'eu-west-1'), registryHost('444444444444', REGION)]) {
      const elsewhere = document.replace(own, host);
      t.equal(await login(standIn.endpoint, elsewhere, host), 401, host);
    }
  });

  // A role that assumes itself needs a trust of its own, here as on AWS.
  if (account === PULL_ACCOUNT) continue;

  t.test(`${way}: a role is assumed on top`, async (t) => {
    const { standIn, ways } = await startIdentities(t);
    const document = await documentFor(t, ways[way], [{ host: PULL_HOST, roleArn: PULL_ROLE }]);
    t.equal(await login(standIn.endpoint, document, PULL_HOST), 200);
    t.equal(await login(standIn.endpoint, document.replace(PULL_HOST, OWN_HOST), OWN_HOST), 401);
    t.match(standIn.calls.slice(-2), [
      { operation: 'AssumeRole', roleArn: PULL_ROLE, account: ACCOUNT },
      {
        operation: 'GetAuthorizationToken',
        principalArn: `arn:aws:sts::${PULL_ACCOUNT}:assumed-role/puller/ecr-pull-secrets`,
      },
    ]);
  });
}

t.test('a proxy takes the token of the registry behind it, its role’s if that has one', async (t) => {
  const proxy = 'registry.example.com';
  const { standIn, ways } = await startIdentities(t, { registryAliases: { [proxy]: PULL_HOST } });
  const document = await documentFor(t, ways['static keys'], [
    { host: proxy, tokenOf: PULL_HOST },
    { host: OWN_HOST },
    { host: PULL_HOST, roleArn: PULL_ROLE },
  ]);
  for (const host of [proxy, OWN_HOST, PULL_HOST]) {
    t.equal(await login(standIn.endpoint, document, host), 200, host);
  }
});

t.test('a token that AWS calls dead already is refused, and the clock suspected', async (t) => {
  const { standIn, ways } = await startIdentities(t);
  standIn.faults.add({
    kind: 'rewrite',
    rewrite: (body) => body.replace(/"expiresAt":[\d.]+/, '"expiresAt":1700000000'),
  });
  await t.rejects(documentFor(t, ways['static keys'], []), {
    code: 'ECRPS_TOKEN_INVALID',
    message: /expired at 2023-11-14T22:13:20.000Z; is the clock of this machine, 20.*Z, right\?$/,
  });
});

t.test('a wrong signature is described without the request, which contains the session token', async (t) => {
  const { ways } = await startIdentities(t);
  const variables = ways['keys with a session token'];
  for (const registries of [[], [{ host: PULL_HOST, roleArn: PULL_ROLE }]]) {
    const answer = documentFor(t, { ...variables, AWS_SECRET_ACCESS_KEY: 'wrong' }, registries);
    const error: unknown = await answer.catch((reason: unknown) => reason);
    t.match(describeError(error), /does not match the signature you provided\. .* for details\.$/);
    t.notMatch(describeError(error), variables.AWS_SESSION_TOKEN);
  }
});
