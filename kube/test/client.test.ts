import { writeFile } from 'node:fs/promises';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import t, { type Test } from 'tap';
import { isApiError } from '../src/api-error.ts';
import { createKubeClient, type KubeClient } from '../src/client.ts';
import type { KubeCredentials } from '../src/credentials.ts';
import { inClusterCredentials } from '../src/in-cluster-credentials.ts';
import { type ApiStandIn, startApiStandIn } from '../testing/api-stand-in.ts';
import { listenOnLoopback } from '@ecr-pull-secrets/shared/testing/listen.ts';

const GET = { method: 'GET', path: '/api/v1/namespaces/a/secrets/b' } as const;

/** A text in the form of a registry token. */
const TOKEN = Buffer.alloc(1_500, 'secret').toString('base64');

function createClient(t: Test, server: string, more: Partial<KubeCredentials> = {}): KubeClient {
  const client = createKubeClient({
    credentials: async () => ({ server, authorization: undefined, tls: {}, ...more }),
    userAgent: 'test/1',
  });
  t.teardown(() => client.close());
  return client;
}

async function start(t: Test): Promise<{ api: ApiStandIn; client: KubeClient }> {
  const api = await startApiStandIn();
  t.teardown(() => api.close());
  return { api, client: createClient(t, api.address) };
}

async function listen(t: Test, server: Server): Promise<number> {
  t.teardown(() => server.close());
  return listenOnLoopback(server);
}

/** Everything that a log would show of a failure. */
async function failureOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
  } catch (error) {
    return describeError(error);
  }
  throw new Error('the request succeeded');
}

t.test('many requests one after the other make no TLS connection each', async (t) => {
  const now = new Date();
  const ca = await createCa({ commonName: 'test', now });
  const { certificatePem: cert, privateKeyPem: key } = await createServingCertificate(ca, {
    serviceName: 'kubernetes',
    namespace: 'default',
    now,
  });
  let handshakes = 0;
  const server = createTlsServer({ cert, key, ALPNProtocols: ['h2', 'http/1.1'] });
  server.on('secureConnection', () => handshakes++);
  server.on('request', (_request, response) => response.end('{}'));
  const port = await listen(t, server);
  const client = createClient(t, `https://127.0.0.1:${port}`, {
    tls: { ca: ca.certificatePem, servername: 'kubernetes.default.svc' },
  });
  for (let request = 0; request < 50; request++) await client.request(GET);
  // undici opens a second one if the first is not yet cleaned up.
  t.ok(handshakes <= 2, `${handshakes} connections`);
  const stranger = createClient(t, `https://127.0.0.1:${port}`, {
    tls: { servername: 'kubernetes.default.svc' },
  });
  t.match(await failureOf(stranger.request(GET)), /self.signed|unable to/, 'and no server is taken on trust');
});

t.test('a request has the headers and the body of its caller, and its response is read', async (t) => {
  const { api, client } = await start(t);
  const response = client.request({
    method: 'PATCH',
    path: '/api/v1/namespaces/a',
    query: { fieldManager: 'me & you', force: true, left: undefined },
    contentType: 'application/merge-patch+json',
    body: { name: 'ä' },
  });
  const exchange = await api.next();
  t.equal(exchange.url.search, '?fieldManager=me+%26+you&force=true');
  t.match(exchange.request.headers, {
    'content-type': 'application/merge-patch+json',
    'user-agent': 'test/1',
    accept: 'application/json',
  });
  t.equal(Buffer.concat(await exchange.request.toArray()).toString(), '{"name":"ä"}');
  exchange.json({ kind: 'Namespace' });
  t.same(await response, { kind: 'Namespace' });
});

t.test('a response that is missing, incomplete or trickling is given up', async (t) => {
  const { api, client } = await start(t);
  const quick = { ...GET, timeoutMs: 300 };
  const silent = createTcpServer((socket) => t.teardown(() => socket.destroy()));
  const port = await listen(t, silent);
  const startMs = Date.now();
  await Promise.all([
    t.rejects(client.request(quick), { code: 'ECRPS_KUBERNETES_UNREACHABLE' }),
    t.rejects(client.request(quick), { code: 'ECRPS_KUBERNETES_UNREACHABLE' }),
    t.rejects(client.request(quick), { code: 'ECRPS_KUBERNETES_UNREACHABLE' }),
    t.rejects(
      createClient(t, `https://127.0.0.1:${port}`).request(quick),
      { code: 'ECRPS_KUBERNETES_UNREACHABLE' },
      'a TLS handshake that never ends',
    ),
    answerBadly(api),
  ]);
  t.ok(Date.now() - startMs < 2_000);
});

/** Sends nothing, half of it, and a byte at a time. */
async function answerBadly(api: ApiStandIn): Promise<void> {
  const silent = await api.next();
  (await api.next()).write('{"a":');
  const trickling = await api.next();
  while (!trickling.request.socket.destroyed) {
    trickling.write(' ');
    await delay(20);
  }
  await silent.closed;
}

t.test('a stream that goes silent breaks, one that is left is closed', async (t) => {
  const { api, client } = await start(t);
  const opening = client.stream({ ...GET, silenceMs: 200 });
  (await api.next()).write('one');
  const read = async (): Promise<string> => {
    let text = '';
    for await (const chunk of await opening) text += Buffer.from(chunk).toString();
    return text;
  };
  await t.rejects(read(), { code: 'ECRPS_KUBERNETES_UNREACHABLE' });

  const left = client.stream(GET);
  const exchange = await api.next();
  exchange.write('two');
  for await (const chunk of await left) {
    t.equal(Buffer.from(chunk).toString(), 'two');
    break;
  }
  await exchange.closed;
});

t.test('a caller’s signal ends a request at any moment', async (t) => {
  const { api, client } = await start(t);
  await t.rejects(client.request({ ...GET, signal: AbortSignal.abort() }));
  const controller = new AbortController();
  const request = client.request({ ...GET, signal: controller.signal });
  const exchange = await api.next();
  exchange.write('{');
  controller.abort();
  await t.rejects(request);
  await exchange.closed;
});

t.test('failures carry status, reason and when to come back, never a credential', async (t) => {
  const { api, client } = await start(t);
  const refusals = [
    { header: '7', retryAfterMs: 7_000 },
    { header: '999999999999', retryAfterMs: 300_000 },
    { header: 'Wed, 21 Oct 2026 07:28:00 GMT', retryAfterMs: undefined },
    { header: '-1', retryAfterMs: undefined },
  ];
  for (const { header, retryAfterMs } of refusals) {
    const request = client.request(GET).catch((error: unknown) => error);
    const message = `Secret "b" is invalid: data: Invalid value: "${TOKEN}": too bad`;
    (await api.next()).json({ code: 422, reason: 'Invalid', message }, 422, {
      'retry-after': header,
    });
    const error = await request;
    if (!isApiError(error, 422)) throw error;
    t.equal(error.reason, 'Invalid');
    t.equal(error.retryAfterMs, retryAfterMs);
    t.match(error.message, /GET .*secrets\/b answered 422 Invalid: .*\[redacted\]": too bad/);
    t.notMatch(error.message, TOKEN.slice(0, 20));
  }
});

t.test('a response that is no JSON is not quoted, whether it is from the API server or a proxy', async (t) => {
  const { api, client } = await start(t);
  for (const status of [200, 502]) {
    const failure = failureOf(client.request(GET));
    const exchange = await api.next();
    exchange.text('hunter2 is the password', status);
    t.match(await failure, status === 200 ? 'not JSON' : 'answered 502');
    t.notMatch(await failure, /hunter|password/);
  }
});

t.test('the pod’s token and CA are read again when they are a minute old', async (t) => {
  const directory = t.testdir({ token: 'first', 'ca.crt': '' });
  let nowMs = Date.UTC(2026, 0, 1);
  const credentials = inClusterCredentials(
    { clock: { now: () => nowMs } },
    { host: '::1', port: 6443, serviceAccountDir: directory },
  );
  const { server, authorization } = await credentials();
  t.equal(server, 'https://[::1]:6443');
  t.equal(authorization, 'Bearer first');
  await writeFile(join(directory, 'token'), 'second\n');
  nowMs += 59_000;
  t.equal((await credentials()).authorization, 'Bearer first');
  nowMs += 2_000;
  t.equal((await credentials()).authorization, 'Bearer second');
  await writeFile(join(directory, 'token'), 'third\n');
  await writeFile(join(directory, 'ca.crt'), 'rotated');
  nowMs = Date.UTC(2025, 0, 1);
  t.match(
    await credentials(),
    { authorization: 'Bearer third', tls: { ca: Buffer.from('rotated') } },
    'a clock set back',
  );
});

t.test('each request reads the credentials again', async (t) => {
  const api = await startApiStandIn();
  t.teardown(() => api.close());
  let reads = 0;
  const client = createKubeClient({
    credentials: async () => ({
      server: api.address,
      authorization: `Bearer ${++reads}`,
      tls: {},
    }),
    userAgent: 'test',
  });
  t.teardown(() => client.close());
  for (const expected of ['Bearer 1', 'Bearer 2']) {
    const request = client.request(GET);
    const exchange = await api.next();
    t.equal(exchange.request.headers.authorization, expected);
    exchange.json({});
    await request;
  }
});
