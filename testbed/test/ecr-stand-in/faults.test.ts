import { Agent } from 'node:https';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import t from 'tap';
import { login } from '../../src/ecr-stand-in/login.ts';
import { authorize, dockerConfig } from '../../testing/aws.ts';
import { ALICE, BOB, HOUR_MS, ALICE_HOST, start, alice } from './stand-in.ts';

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

t.test('over TLS it answers to the name of the AWS endpoint that a client believes to reach', async (t) => {
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
});

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
