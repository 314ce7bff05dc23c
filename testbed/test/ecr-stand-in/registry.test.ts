import t from 'tap';
import { login } from '../../src/ecr-stand-in/login.ts';
import { registryHost } from '../../src/ecr-stand-in/registry-host.ts';
import { askRegistry, authorize, dockerConfig } from '../../testing/aws.ts';
import { ALICE, BOB, HOUR_MS, ALICE_HOST, start, alice } from './stand-in.ts';

t.test('of two accounts in two regions, each token opens its own registry alone', async (t) => {
  const standIn = await start(t);
  const places = [ALICE, BOB].flatMap((identity) => ['us-east-1', 'eu-west-1'].map((region) => ({ identity, region })));
  const hosts = places.map(({ identity, region }) => registryHost(identity.account, region));
  for (const [index, { identity, region }] of places.entries()) {
    const { token } = await authorize({ ...alice(standIn), region, credentials: identity });
    const document = dockerConfig(token, ...hosts);
    const statuses = hosts.map((host) => login(standIn.endpoint, document, host));
    const expected = hosts.map((_, other) => (other === index ? 200 : 401));
    t.strictSame(await Promise.all(statuses), expected, `${identity.account} ${region}`);
  }
});

t.test('another account reads a registry that lets it, and an alias means its registry', async (t) => {
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
});

t.test('a login finds its credentials as the kubelet does', async (t) => {
  const standIn = await start(t);
  const { token } = await authorize(alice(standIn));
  const password = standIn.issuedTokens()[0]?.password ?? '';
  const documents: Readonly<Record<number, readonly string[]>> = {
    200: [
      ...[ALICE_HOST, `https://${ALICE_HOST}`, `http://${ALICE_HOST}/`, `https://${ALICE_HOST}/v2/`].map((key) =>
        dockerConfig(token, key),
      ),
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
      t.equal(await login(standIn.endpoint, document, ALICE_HOST), Number(status), document.slice(0, 90));
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

t.test('live tokens that do not log in are refused with the challenge of ECR, until that ends', async (t) => {
  const standIn = await start(t);
  const { token } = await authorize(alice(standIn));
  const document = dockerConfig(token, ALICE_HOST);
  const accept = standIn.refuseLogins((refused, host) => refused.region === 'us-east-1' && host === ALICE_HOST);
  t.equal(await login(standIn.endpoint, document, ALICE_HOST), 401);
  accept();
  t.equal(await login(standIn.endpoint, document, ALICE_HOST), 200);
});
