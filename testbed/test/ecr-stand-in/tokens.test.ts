import t from 'tap';
import { login } from '../../src/ecr-stand-in/login.ts';
import { type EcrStandIn } from '../../src/ecr-stand-in/server.ts';
import { askRegistry, authorize, dockerConfig, sendSigned } from '../../testing/aws.ts';
import { ALICE, HOUR_MS, ALICE_HOST, start, alice } from './stand-in.ts';

async function askPublicToken(standIn: EcrStandIn, region: string): Promise<Response> {
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'SpencerFrontendService.GetAuthorizationToken',
  };
  const asked = { keys: ALICE, service: 'ecr-public', region, headers, body: '{}' };
  return sendSigned(standIn.endpoint, asked);
}

t.test('the SDK gets a token shaped as those of ECR', async (t) => {
  const startedAt = Date.now();
  const standIn = await start(t, { now: () => startedAt });

  const { token, expiresAt, proxyEndpoint } = await authorize(alice(standIn));

  const [user, password] = Buffer.from(token, 'base64').toString().split(':');
  t.equal(user, 'AWS');
  t.match(standIn.issuedTokens(), [{ password, authorizationToken: token }]);
  t.ok(token.length > 1800 && token.length < 2100, `${token.length} characters`);
  t.equal(expiresAt?.getTime(), startedAt + 12 * HOUR_MS);
  t.equal(proxyEndpoint, `https://${ALICE_HOST}`);
  t.match(standIn.calls, [
    {
      service: 'ecr',
      operation: 'GetAuthorizationToken',
      region: 'us-east-1',
      account: ALICE.account,
      principalArn: `arn:aws:iam::${ALICE.account}:user/renewer`,
      host: new URL(standIn.endpoint).host,
      outcome: 200,
    },
  ]);
});

t.test('the registry of a region lies in the domain of its partition', async (t) => {
  const standIn = await start(t);
  const { proxyEndpoint } = await authorize({ ...alice(standIn), region: 'cn-north-1' });

  t.equal(proxyEndpoint, 'https://111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn');
});

t.test('every call makes a token, and the earlier ones live until they expire', async (t) => {
  let now = Date.now();
  const standIn = await start(t, { now: () => now, tokenLifetimeMs: 12 * HOUR_MS });
  const first = dockerConfig((await authorize(alice(standIn))).token, ALICE_HOST);
  now += 6 * HOUR_MS;
  const second = dockerConfig((await authorize({ ...alice(standIn), maxAttempts: 2 })).token, ALICE_HOST);
  const statuses = () => Promise.all([first, second].map((document) => login(standIn.endpoint, document, ALICE_HOST)));

  t.not(first, second);
  now += 6 * HOUR_MS - 1;
  t.strictSame(await statuses(), [200, 200]);
  now += 1;
  t.strictSame(await statuses(), [401, 200]);
  now += 6 * HOUR_MS;
  t.strictSame(await statuses(), [401, 401]);
});

t.test('ECR Public has its own tokens, from one region, traded for a bearer token', async (t) => {
  let now = Date.now();
  const standIn = await start(t, { now: () => now });
  const hosts = ['public.ecr.aws', ALICE_HOST];
  const statuses = (token: string) =>
    Promise.all(hosts.map((host) => login(standIn.endpoint, dockerConfig(token, ...hosts), host)));

  const refused = await askPublicToken(standIn, 'eu-west-1');
  t.match(await refused.json(), { __type: 'InvalidSignatureException' });
  await askPublicToken(standIn, 'us-east-1').then((response) => t.equal(response.status, 200));
  const answer: unknown = await (await askPublicToken(standIn, 'us-east-1')).json();
  const publicToken = standIn.issuedTokens().at(-1)?.authorizationToken ?? '';
  t.match(answer, { authorizationData: { authorizationToken: publicToken, expiresAt: Number } });

  t.strictSame(await statuses(publicToken), [200, 401]);
  t.strictSame(await statuses((await authorize(alice(standIn))).token), [401, 200]);
  t.match(await askRegistry(standIn.endpoint, 'public.ecr.aws', `Basic ${publicToken}`), {
    status: 401,
    challenge: 'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"',
  });
  now += 12 * HOUR_MS;
  t.strictSame(await statuses(publicToken), [401, 401]);
});
