import t, { type Test } from 'tap';
import { login } from '../../src/ecr-stand-in/login.ts';
import { registryHost } from '../../src/ecr-stand-in/registry-host.ts';
import { type EcrStandIn } from '../../src/ecr-stand-in/server.ts';
import {
  authorize,
  dockerConfig,
  createTokenIssuer,
  elementOf,
  type Keys,
  keysOf,
  sendSts,
} from '../../testing/aws.ts';
import { ALICE, HOUR_MS, start } from './stand-in.ts';

const ALICE_ARN = `arn:aws:iam::${ALICE.account}:user/renewer`;
const ROLE_ACCOUNT = '222222222222';
const ROLE_ARN = `arn:aws:iam::${ROLE_ACCOUNT}:role/team/puller`;
const SUBJECT = 'system:serviceaccount:ecr-pull-secrets:ecr-pull-secrets';
const ISSUER = 'https://kubernetes.default.svc.cluster.local';

const issuer = createTokenIssuer('rsa');
const trust = { issuer: ISSUER, keys: [issuer.jwk], subject: SUBJECT };

/** Claims of a service account token for one audience, valid for an hour. */
function claims(audience: string, nowMs = Date.now()): Record<string, unknown> {
  const exp = Math.floor((nowMs + HOUR_MS) / 1000);
  return { iss: ISSUER, sub: SUBJECT, aud: [audience], exp };
}

/** Leaves the SDK's default chain nothing but these variables to find an identity by. */
function useEnvironment(t: Test, variables: Readonly<Record<string, string>>): void {
  const value = { AWS_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true', ...variables };
  t.intercept(process, 'env', { value });
}

/** Requests a token by the default chain and logs in to the registry of the role's account with it. */
async function loginByDefaultChain(standIn: EcrStandIn, profile?: string): Promise<number> {
  const { token } = await authorize(profile ? { profile } : {});
  const host = registryHost(ROLE_ACCOUNT, 'us-east-1');
  return login(standIn.endpoint, dockerConfig(token, host), host);
}

t.test('a role is assumed by whom it trusts, through a profile', async (t) => {
  const roles = [{ arn: ROLE_ARN, trustedPrincipals: [ALICE_ARN], externalId: 'tenant 1/a' }];
  const standIn = await start(t, { roles });
  const profile = (name: string, externalId: string) =>
    `[profile ${name}]\nrole_arn = ${ROLE_ARN}\nrole_session_name = renewer\nsource_profile = alice\n${externalId}\n`;
  const alice = `[profile alice]\naws_access_key_id = ${ALICE.accessKeyId}\naws_secret_access_key = ${ALICE.secretAccessKey}\n`;
  const config =
    alice +
    profile('right', 'external_id = tenant 1/a') +
    profile('wrong', 'external_id = tenant 2') +
    profile('none', '');
  useEnvironment(t, {
    AWS_ENDPOINT_URL: standIn.endpoint,
    AWS_CONFIG_FILE: `${t.testdir({ config })}/config`,
  });

  t.equal(await loginByDefaultChain(standIn, 'right'), 200);
  await t.rejects(loginByDefaultChain(standIn, 'wrong'), { name: 'AccessDenied' });
  await t.rejects(loginByDefaultChain(standIn, 'none'), { name: 'AccessDenied' });
  t.match(standIn.calls, [
    { operation: 'AssumeRole', principalArn: ALICE_ARN, roleArn: ROLE_ARN, outcome: 200 },
    {
      operation: 'GetAuthorizationToken',
      account: ROLE_ACCOUNT,
      principalArn: `arn:aws:sts::${ROLE_ACCOUNT}:assumed-role/puller/renewer`,
    },
    { operation: 'AssumeRole', outcome: 403 },
    { operation: 'AssumeRole', outcome: 403 },
  ]);
});

t.test('roles trust users, roles and accounts, and chain for an hour at most', async (t) => {
  let now = Date.now();
  const arn = (name: string) => `arn:aws:iam::${ROLE_ACCOUNT}:role/${name}`;
  const root = `arn:aws:iam::${ALICE.account}:root`;
  const standIn = await start(t, {
    now: () => now,
    roles: [
      { arn: arn('first'), trustedPrincipals: [root], maxSessionMs: 2 * HOUR_MS },
      { arn: arn('second'), trustedPrincipals: [arn('first')], maxSessionMs: 2 * HOUR_MS },
      { arn: arn('trusted-by-none'), trustedPrincipals: [ROLE_ACCOUNT] },
    ],
  });
  const assume = (name: string, keys: Keys = ALICE, seconds = 3600) => {
    const duration = { RoleSessionName: 'renewer', DurationSeconds: String(seconds) };
    const parameters = { Action: 'AssumeRole', RoleArn: arn(name), ...duration };
    return sendSts(standIn.endpoint, parameters, keys, now);
  };

  const first = await assume('first', ALICE, 7200);
  t.equal(elementOf(first.body, 'Expiration'), new Date(now + 2 * HOUR_MS).toISOString());
  t.equal((await assume('second', keysOf(first.body))).status, 200);
  const refusals = [
    await assume('second'),
    await assume('trusted-by-none'),
    await assume('missing'),
    await assume('second', keysOf(first.body), 7200),
    await assume('first', ALICE, 7201),
    await assume('first', ALICE, 899),
    await assume('first', ALICE, Number.NaN),
    await sendSts(standIn.endpoint, { Action: 'AssumeRole' }, ALICE, now),
    await sendSts(standIn.endpoint, { Action: 'DropTables' }, ALICE, now),
  ];
  const codes = refusals.map(({ status, body }) => `${status} ${elementOf(body, 'Code')}`);
  t.strictSame(codes, [
    ...Array.from({ length: 3 }, () => '403 AccessDenied'),
    ...Array.from({ length: 5 }, () => '400 ValidationError'),
    '400 InvalidAction',
  ]);
  now += 2 * HOUR_MS;
  const expired = await assume('second', keysOf(first.body));
  t.strictSame([expired.status, elementOf(expired.body, 'Code')], [403, 'ExpiredToken']);
});

t.test('STS says who calls, and refuses in its own words', async (t) => {
  const standIn = await start(t);
  const identity = (keys?: typeof ALICE) => sendSts(standIn.endpoint, { Action: 'GetCallerIdentity' }, keys);
  const codeOf = async (keys?: typeof ALICE) => {
    const { status, body } = await identity(keys);
    return `${status} ${elementOf(body, 'Code')}`;
  };

  const { body } = await identity(ALICE);
  t.equal(elementOf(body, 'Arn'), ALICE_ARN);
  t.equal(elementOf(body, 'Account'), ALICE.account);
  t.equal(await codeOf(), '403 MissingAuthenticationToken');
  t.equal(await codeOf({ ...ALICE, accessKeyId: 'AKIAWRONG' }), '403 InvalidClientTokenId');
  t.equal(await codeOf({ ...ALICE, secretAccessKey: 'wrong' }), '403 SignatureDoesNotMatch');
  standIn.faults.add({ kind: 'throttle' });
  t.equal(await codeOf(ALICE), '400 Throttling');
  standIn.faults.add({ kind: 'error', code: 'Odd<Code>', message: 'a & b', status: 500 });
  t.match(await identity(ALICE), {
    status: 500,
    body: '<Type>Receiver</Type><Code>Odd&lt;Code&gt;</Code><Message>a &amp; b</Message>',
  });
});

t.test('IRSA: the default chain trades a service account token for the role', async (t) => {
  const standIn = await start(t, { roles: [{ arn: ROLE_ARN, webIdentity: trust }] });
  const directory = t.testdir({ token: issuer.issue(claims('sts.amazonaws.com')) });
  useEnvironment(t, {
    AWS_ENDPOINT_URL: standIn.endpoint,
    AWS_ROLE_ARN: ROLE_ARN,
    AWS_WEB_IDENTITY_TOKEN_FILE: `${directory}/token`,
  });

  t.equal(await loginByDefaultChain(standIn), 200);
  t.match(standIn.calls, [
    { operation: 'AssumeRoleWithWebIdentity', roleArn: ROLE_ARN, region: undefined, outcome: 200 },
    { operation: 'GetAuthorizationToken', account: ROLE_ACCOUNT },
  ]);
});

t.test('service account tokens that STS would refuse are refused with its errors', async (t) => {
  const elliptic = createTokenIssuer('ec');
  const ellipticTrust = { ...trust, keys: [issuer.jwk, elliptic.jwk] };
  const roles = [
    { arn: ROLE_ARN, webIdentity: trust },
    { arn: `${ROLE_ARN}-ec`, webIdentity: ellipticTrust },
    { arn: `${ROLE_ARN}-none` },
  ];
  const standIn = await start(t, { roles });
  const trade = async (WebIdentityToken: string, RoleArn = ROLE_ARN) => {
    const session = { RoleSessionName: 'renewer', RoleArn, WebIdentityToken };
    const parameters = { Action: 'AssumeRoleWithWebIdentity', ...session };
    const { status, body } = await sendSts(standIn.endpoint, parameters);
    return `${status} ${elementOf(body, 'Code')}`;
  };
  const good = claims('sts.amazonaws.com');
  const [header, , signature] = issuer.issue(good).split('.');
  const forged = Buffer.from(JSON.stringify({ ...good, sub: 'root' })).toString('base64url');

  t.equal(await trade(issuer.issue(good)), '200 ');
  t.equal(await trade(elliptic.issue(good), `${ROLE_ARN}-ec`), '200 ');
  t.equal(await trade(elliptic.issue(good)), '400 InvalidIdentityToken');
  t.equal(await trade('no-token'), '400 InvalidIdentityToken');
  t.equal(await trade(`${header}.${forged}.${signature}`), '400 InvalidIdentityToken');
  t.equal(await trade(issuer.issue({ ...good, iss: 'other' })), '400 InvalidIdentityToken');
  t.equal(await trade(issuer.issue({ ...good, aud: 'other' })), '400 InvalidIdentityToken');
  t.equal(await trade(issuer.issue({ ...good, exp: 1 })), '400 ExpiredTokenException');
  t.equal(await trade(issuer.issue({ ...good, sub: 'other' })), '403 AccessDenied');
  t.equal(await trade(issuer.issue(good), `${ROLE_ARN}-none`), '403 AccessDenied');
  t.equal(await trade(issuer.issue(good), `${ROLE_ARN}-missing`), '403 AccessDenied');
});

t.test('EKS Pod Identity: the default chain gets the role of its service account', async (t) => {
  const standIn = await start(t, { roles: [{ arn: ROLE_ARN, podIdentity: trust }] });
  const credentialsUri = `${standIn.endpoint}/v1/credentials`;
  const directory = t.testdir({ token: issuer.issue(claims('pods.eks.amazonaws.com')) });
  useEnvironment(t, {
    AWS_ENDPOINT_URL: standIn.endpoint,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: credentialsUri,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: `${directory}/token`,
  });

  t.equal(await loginByDefaultChain(standIn), 200);
  const authorization = issuer.issue(claims('sts.amazonaws.com'));
  const refused = await fetch(credentialsUri, { headers: { authorization } });
  t.match(await refused.json(), { __type: 'AccessDeniedException' });
});

t.test('instance role: the default chain requests the metadata service', async (t) => {
  const standIn = await start(t, { instanceRoleArn: ROLE_ARN });
  useEnvironment(t, {
    AWS_ENDPOINT_URL: standIn.endpoint,
    AWS_EC2_METADATA_DISABLED: 'false',
    AWS_EC2_METADATA_SERVICE_ENDPOINT: standIn.endpoint,
  });

  t.equal(await loginByDefaultChain(standIn), 200);
  const unasked = await fetch(`${standIn.endpoint}/latest/meta-data/iam/security-credentials/`);
  t.equal(unasked.status, 401);
});

t.test('every token and key is known, to search logs for', async (t) => {
  const session = { ...ALICE, accessKeyId: 'ASIA', sessionToken: 'configured-session' };
  const roles = [{ arn: ROLE_ARN, trustedPrincipals: [ALICE_ARN] }];
  const standIn = await start(t, { identities: [ALICE, session], roles });
  const parameters = { Action: 'AssumeRole', RoleArn: ROLE_ARN, RoleSessionName: 'renewer' };
  const keys = keysOf((await sendSts(standIn.endpoint, parameters, ALICE)).body);
  const settings = { endpoint: standIn.endpoint, region: 'us-east-1', credentials: keys };
  const { token } = await authorize(settings);

  const [, password] = Buffer.from(token, 'base64').toString().split(':');
  const expected = [
    ALICE.secretAccessKey,
    session.sessionToken,
    keys.secretAccessKey,
    keys.sessionToken,
    password,
    token,
  ];
  t.strictSame(new Set(standIn.secrets()), new Set(expected));
});
