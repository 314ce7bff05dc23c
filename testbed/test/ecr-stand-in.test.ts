import { Agent } from 'node:https';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import t, { type Test } from 'tap';
import { login } from '../src/ecr-stand-in/login.ts';
import { registryHost } from '../src/ecr-stand-in/registry-host.ts';
import {
  type EcrStandIn,
  type EcrStandInOptions,
  startEcrStandIn,
} from '../src/ecr-stand-in/server.ts';
import { askRegistry, authorize, dockerConfig, sendSigned } from '../testing/aws.ts';

const HOUR_MS = 3_600_000;
const ALICE = { account: '111111111111', accessKeyId: 'AKIAALICE', secretAccessKey: 'alice-key' };
const BOB = { account: '222222222222', accessKeyId: 'AKIABOB', secretAccessKey: 'bob-key' };
const ALICE_HOST = registryHost(ALICE.account, 'us-east-1');

async function start(t: Test, options: EcrStandInOptions = {}): Promise<EcrStandIn> {
  const standIn = await startEcrStandIn({ identities: [ALICE, BOB], ...options });
  t.teardown(() => standIn.close());
  return standIn;
}

/** What a client of Alice's needs to ask for a token of us-east-1. */
function alice({ endpoint }: EcrStandIn) {
  return { endpoint, region: 'us-east-1', credentials: ALICE };
}

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

t.test('of two accounts in two regions, each token opens its own registry alone', async (t) => {
  const standIn = await start(t);
  const places = [ALICE, BOB].flatMap((identity) =>
    ['us-east-1', 'eu-west-1'].map((region) => ({ identity, region })),
  );
  const hosts = places.map(({ identity, region }) => registryHost(identity.account, region));
  for (const [index, { identity, region }] of places.entries()) {
    const { token } = await authorize({ ...alice(standIn), region, credentials: identity });
    const document = dockerConfig(token, ...hosts);
    const statuses = hosts.map((host) => login(standIn.endpoint, document, host));
    const expected = hosts.map((_, other) => (other === index ? 200 : 401));
    t.strictSame(await Promise.all(statuses), expected, `${identity.account} ${region}`);
  }
});

t.test(
  'another account reads a registry that lets it, and an alias means its registry',
  async (t) => {
    const proxy = 'ecr.example.com';
    const standIn = await start(t, {
      registryReaders: { [BOB.account]: [`arn:aws:iam::${ALICE.account}:root`] },
      registryAliases: { [proxy]: ALICE_HOST },
    });
    const { token } = await authorize(alice(standIn));
    const bobs = ['us-east-1', 'eu-west-1'].map((region) => registryHost(BOB.account, region));
    const hosts = [proxy, ALICE_HOST, ...bobs];
    const document = dockerConfig(token, ...hosts);

    const statuses = hosts.map((host) => login(standIn.endpoint, document, host));
    t.strictSame(await Promise.all(statuses), [200, 200, 200, 401]);
  },
);

t.test('every call makes a token, and the earlier ones live until they expire', async (t) => {
  let now = Date.now();
  const standIn = await start(t, { now: () => now, tokenLifetimeMs: 12 * HOUR_MS });
  const first = dockerConfig((await authorize(alice(standIn))).token, ALICE_HOST);
  now += 6 * HOUR_MS;
  const second = dockerConfig(
    (await authorize({ ...alice(standIn), maxAttempts: 2 })).token,
    ALICE_HOST,
  );
  const statuses = () =>
    Promise.all([first, second].map((document) => login(standIn.endpoint, document, ALICE_HOST)));

  t.not(first, second);
  now += 6 * HOUR_MS - 1;
  t.strictSame(await statuses(), [200, 200]);
  now += 1;
  t.strictSame(await statuses(), [401, 200]);
  now += 6 * HOUR_MS;
  t.strictSame(await statuses(), [401, 401]);
});

t.test('a login finds its credentials as the kubelet does', async (t) => {
  const standIn = await start(t);
  const { token } = await authorize(alice(standIn));
  const password = standIn.issuedTokens()[0]?.password ?? '';
  const documents: Readonly<Record<number, readonly string[]>> = {
    200: [
      ...[
        ALICE_HOST,
        `https://${ALICE_HOST}`,
        `http://${ALICE_HOST}/`,
        `https://${ALICE_HOST}/v2/`,
      ].map((key) => dockerConfig(token, key)),
      JSON.stringify({ auths: { [ALICE_HOST]: { username: 'AWS', password } } }),
      JSON.stringify({
        auths: { [ALICE_HOST]: { auth: token, username: 'AWS', password: 'old' } },
      }),
    ],
    401: [
      dockerConfig(token, `other.${ALICE_HOST}`),
      dockerConfig(token.slice(4), ALICE_HOST),
      JSON.stringify({ auths: { [ALICE_HOST]: { username: 'aws', password } } }),
      JSON.stringify({ auths: { [ALICE_HOST]: {} } }),
      '{"auths":{}}',
      '{',
    ],
  };
  for (const [status, group] of Object.entries(documents))
    for (const document of group)
      t.equal(
        await login(standIn.endpoint, document, ALICE_HOST),
        Number(status),
        document.slice(0, 90),
      );
  t.equal(await login(standIn.endpoint, dockerConfig(token, 'docker.io'), 'docker.io'), 404);
});

t.test('a refused login says why, in the words of ECR', async (t) => {
  let now = Date.now();
  const standIn = await start(t, { now: () => now });
  const { token } = await authorize({ ...alice(standIn), region: 'eu-west-1' });
  const ask = (authorization?: string) => askRegistry(standIn.endpoint, ALICE_HOST, authorization);
  const challenge = `Basic realm="https://${ALICE_HOST}/",service="ecr.amazonaws.com"`;

  t.strictSame(await ask(), { status: 401, challenge, body: 'Not Authorized\n' });
  t.strictSame(await ask('Basic QVdTOm5v'), { status: 401, challenge, body: 'Not Authorized\n' });
  t.strictSame(await ask(`Bearer ${token}`), { status: 401, challenge, body: 'Not Authorized\n' });
  t.match(await ask(`Basic ${token}`), { status: 401, challenge, body: /DENIED.*is invalid/ });
  now += 12 * HOUR_MS;
  t.match(await ask(`Basic ${token}`), { status: 401, challenge, body: /DENIED.*has expired/ });
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

t.test('faults hit the calls they are meant for, as often as they are meant to', async (t) => {
  const standIn = await start(t);
  const { faults } = standIn;
  const bob = { ...alice(standIn), credentials: BOB };

  faults.add({ kind: 'throttle' }, { when: (call) => call.account === ALICE.account, times: 2 });
  await t.rejects(authorize(alice(standIn)), {
    name: 'ThrottlingException',
    message: 'Rate exceeded',
  });
  await t.resolves(authorize(bob));
  await t.rejects(authorize(alice(standIn)), { name: 'ThrottlingException' });
  await t.resolves(authorize(alice(standIn)));

  const remove = faults.add({ kind: 'error', code: 'AccessDeniedException', message: 'no' });
  await t.rejects(authorize(bob), { name: 'AccessDeniedException', message: 'no' });
  faults.add({ kind: 'response', status: 503, headers: {}, body: '<html>' });
  await t.rejects(authorize(bob));
  faults.add({ kind: 'disconnect' });
  await t.rejects(authorize(bob), { code: 'ECONNRESET' });
  faults.clear();
  remove();
  await t.resolves(authorize(bob));
  const outcomes = standIn.calls.map((call) => call.outcome);
  t.strictSame(outcomes, [400, 200, 400, 200, 400, 503, 'disconnect', 200]);
});

t.test('throttling is what the SDK retries on', async (t) => {
  const standIn = await start(t);
  standIn.faults.add({ kind: 'throttle' }, { times: 1 });

  await t.resolves(authorize({ ...alice(standIn), maxAttempts: 2 }));
  t.strictSame(
    standIn.calls.map((call) => call.outcome),
    [400, 200],
  );
});

t.test('a rewritten answer lies about the expiry, not the token', async (t) => {
  const standIn = await start(t);
  standIn.faults.add({
    kind: 'rewrite',
    rewrite: (body) => body.replace(/,"expiresAt":[\d.]+/, ''),
  });
  const { token, expiresAt } = await authorize(alice(standIn));

  t.equal(expiresAt, undefined);
  t.equal(await login(standIn.endpoint, dockerConfig(token, ALICE_HOST), ALICE_HOST), 200);
});

t.test('a hanging and a delayed call end with the client or with the stand-in', async (t) => {
  const standIn = await start(t);
  for (const fault of [{ kind: 'hang' }, { kind: 'delay', delayMs: HOUR_MS }] as const) {
    const arrived = Promise.withResolvers<void>();
    const abort = new AbortController();
    standIn.faults.add(fault, { when: () => (arrived.resolve(), true) });
    const leaving = fetch(standIn.endpoint, { ...SDK_SHAPED, signal: abort.signal });
    await arrived.promise;
    abort.abort();
    await t.rejects(leaving, { name: 'AbortError' });
  }
  const arrived = Promise.withResolvers<void>();
  standIn.faults.add({ kind: 'hang' }, { when: () => (arrived.resolve(), true) });
  const hanging = authorize(alice(standIn));
  await arrived.promise;
  t.equal(standIn.calls.at(-1)?.outcome, 'hang');
  await Promise.all([t.rejects(hanging, { code: 'ECONNRESET' }), standIn.close()]);
});

t.test('a delayed call is served in the end', async (t) => {
  const standIn = await start(t);
  const delayMs = 100;
  standIn.faults.add({ kind: 'delay', delayMs });
  const startedAt = performance.now();

  await t.resolves(authorize(alice(standIn)));
  // Node's timers round to whole milliseconds and may fire that much early.
  t.ok(performance.now() - startedAt >= delayMs - 1);
});

t.test(
  'over TLS it answers to the name of the AWS endpoint that a client believes to reach',
  async (t) => {
    const now = new Date();
    const host = 'api.ecr.eu-central-1.amazonaws.com';
    const ca = await createCa({ commonName: 'test', now });
    const names = { serviceName: 'aws', namespace: 'test', extraDnsNames: [host] };
    const serving = await createServingCertificate(ca, { ...names, now });
    const tls = { key: serving.privateKeyPem, cert: serving.certificatePem };
    const standIn = await start(t, { tls });
    const { port } = new URL(standIn.secureEndpoint ?? '');
    const httpsAgent = new Agent({
      ca: ca.certificatePem,
      lookup: (_name, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    t.teardown(() => httpsAgent.destroy());

    const endpoint = `https://${host}:${port}`;
    await t.resolves(authorize({ ...alice(standIn), endpoint, requestHandler: { httpsAgent } }));
    t.equal(standIn.calls[0]?.host, `${host}:${port}`);
  },
);

t.test('closing twice is closing once, and several run side by side', async (t) => {
  const [one, other] = await Promise.all([start(t), start(t)]);

  t.not(one.endpoint, other.endpoint);
  await one.close();
  await one.close();
  await t.rejects(authorize(alice(one)), { code: 'ECONNREFUSED' });
  await t.resolves(authorize(alice(other)));
});

/** A call that faults can hit; none of these is ever verified. */
const SDK_SHAPED = {
  method: 'POST',
  headers: { 'x-amz-target': 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken' },
  body: '{}',
};
