import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import t, { type Test } from 'tap';
import { createApiServerDispatcher } from '@ecr-pull-secrets/kube/dispatcher.ts';
import { createKubeClient } from '@ecr-pull-secrets/kube/client.ts';
import type { CredentialSource } from '@ecr-pull-secrets/kube/credentials.ts';
import { createLeaseStore } from '@ecr-pull-secrets/kube/lease.ts';
import { beginList, nextPage } from '@ecr-pull-secrets/kube/list-page.ts';
import { withTimeout } from '@ecr-pull-secrets/shared/runtime/with-timeout.ts';
import { createAwsRequestHandler } from '../../src/network/aws-request-handler.ts';
import { createAwsTokenSource } from '../../src/credentials/aws/aws-token-source.ts';
import { planTokens } from '../../src/credentials/token-plan.ts';
import { startTricklingServer, type TricklingServer } from '@ecr-pull-secrets/kube/testing/trickling-server.ts';

// Every server here answers at once and never ends: a byte follows every 10 ms.

const LIMIT_MS = 300;

/** What a busy machine needs besides. */
const PATIENCE_MS = 3_000;

const GET = { method: 'GET', path: '/api/v1/namespaces/a/secrets/b', timeoutMs: LIMIT_MS } as const;

const JSON_BODY = 'content-type: application/json\r\n\r\n{';

/** Each way of an answer that does not end. */
const ANSWERS = {
  'a line of status': { start: 'HTTP/1.1 2', drop: '0' },
  'the name of a header': { start: 'HTTP/1.1 200 OK\r\nx', drop: 'x' },
  headers: { start: 'HTTP/1.1 200 OK\r\n', drop: 'x: y\r\n' },
  'interim answers': { start: '', drop: 'HTTP/1.1 103 Early Hints\r\n\r\n' },
  'a body': { start: `HTTP/1.1 200 OK\r\n${JSON_BODY}`, drop: ' ' },
  'a body in chunks': {
    start: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
    drop: '1\r\n \r\n',
  },
  'a refusal': { start: `HTTP/1.1 403 Forbidden\r\n${JSON_BODY}`, drop: ' ' },
  'a conflict': { start: `HTTP/1.1 409 Conflict\r\n${JSON_BODY}`, drop: ' ' },
  'a busy server': {
    start: `HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\n${JSON_BODY}`,
    drop: ' ',
  },
} as const;

function createClient(t: Test, { address }: TricklingServer, more?: CredentialSource) {
  const client = createKubeClient({
    credentials: more ?? (async () => ({ server: address, authorization: undefined, tls: {} })),
    userAgent: 'test',
  });
  t.teardown(() => client.close());
  return client;
}

/** Fails if work takes longer than its limit, or does not fail. */
async function endsInTime(t: Test, what: string, work: () => Promise<unknown>): Promise<void> {
  const startMs = performance.now();
  const late = delay(PATIENCE_MS, 'never', { ref: false });
  const outcome = await Promise.race([work().then(() => 'no error', String), late]);
  t.notOk(['never', 'no error'].includes(outcome), `${what}: ${outcome}`);
  t.ok(performance.now() - startMs < PATIENCE_MS, what);
}

async function leavesNothing(t: Test, server: TricklingServer): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (server.connections() > 0 && performance.now() < endMs) await delay(10);
  t.equal(server.connections(), 0, 'no connection is left behind');
}

for (const [name, answer] of Object.entries(ANSWERS)) {
  t.test(`an answer of the API server that trickles is given up: ${name}`, async (t) => {
    const server = await startTricklingServer(t, answer);
    const client = createClient(t, server);
    const settings = { namespace: 'n', name: 'l', requestTimeoutMs: LIMIT_MS };
    const store = createLeaseStore(client, settings);
    const { signal } = new AbortController();
    const lease = { metadata: { name: 'l' } };
    const watch = (): Promise<void> =>
      withTimeout({ clock: systemClock, ms: LIMIT_MS, signal, timeUp }, async (limit) => {
        const stream = await client.stream({ ...GET, signal: limit });
        for await (const _ of stream);
      });
    const list = { path: '/api', metadataOnly: true, reduce: () => 0 } as const;
    const work = {
      request: () => client.request(GET),
      'reading the lease': () => store.read(signal),
      'writing the lease': () => store.write(lease, {}, signal),
      'a watch': watch,
      'a list': () =>
        withTimeout({ clock: systemClock, ms: LIMIT_MS, signal, timeUp }, (limit) =>
          nextPage(client, list, beginList(), limit),
        ),
    };
    await Promise.all(Object.entries(work).map(([what, each]) => endsInTime(t, what, each)));
    await leavesNothing(t, server);
  });
}

function timeUp(): Error {
  return new Error('time is up');
}

t.test('credentials that never come are given up', async (t) => {
  const server = await startTricklingServer(t, ANSWERS['a body']);
  const client = createClient(t, server, () => new Promise(() => undefined));
  await endsInTime(t, 'a request', () => client.request(GET));
  t.equal(server.connections(), 0);
});

const TUNNELS = {
  'the answer to CONNECT': { start: 'HTTP/1.1 200 OK\r\nx: ', drop: 'x' },
  'interim answers to CONNECT': { start: '', drop: 'HTTP/1.1 103 Early Hints\r\n\r\n' },
  'a refusal of CONNECT': {
    start: 'HTTP/1.1 502 Bad Gateway\r\ntransfer-encoding: chunked\r\n\r\n',
    drop: '1\r\n \r\n',
  },
  // A record of TLS that says that it has 16,383 bytes.
  'a TLS handshake in the tunnel': {
    start: 'HTTP/1.1 200 OK\r\n\r\n\x16\x03\x03\x3f\x7f',
    drop: '\0',
  },
};

for (const [name, answer] of Object.entries(TUNNELS)) {
  t.test(`a proxy that trickles is given up, and its connection: ${name}`, async (t) => {
    const server = await startTricklingServer(t, answer);
    const dispatcher = createApiServerDispatcher({}, server.address, LIMIT_MS);
    t.teardown(() => dispatcher.destroy());
    const request = { method: 'GET', origin: 'https://api.invalid', path: '/' } as const;
    await endsInTime(t, name, () => dispatcher.request(request));
    await leavesNothing(t, server);
  });
}

t.test('a TLS handshake that trickles is given up', async (t) => {
  const server = await startTricklingServer(t, { start: '\x16\x03\x03\x3f\x7f', drop: '\0' });
  const dispatcher = createApiServerDispatcher({}, undefined, LIMIT_MS);
  t.teardown(() => dispatcher.destroy());
  const origin = `https://127.0.0.1:${server.port}`;
  await endsInTime(t, 'TLS', () => dispatcher.request({ method: 'GET', origin, path: '/' }));
  await leavesNothing(t, server);
});

const KEYS = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'key', AWS_REGION: 'us-east-1' };
const ROLE = 'arn:aws:iam::123456789012:role/pull';

/** Who trickles, by the variable that leads there. */
const AWS_SERVICES = {
  ECR: { variable: 'AWS_ENDPOINT_URL_ECR', keys: KEYS },
  STS: { variable: 'AWS_ENDPOINT_URL_STS', keys: KEYS, roleArn: ROLE },
  'EKS Pod Identity': { variable: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', keys: {} },
  'instance metadata': { variable: 'AWS_EC2_METADATA_SERVICE_ENDPOINT', keys: {} },
} as const;

const ENDLESS = {
  ...ANSWERS,
  // Far more than memory has, at full speed.
  'a body without end': {
    start: ANSWERS['a body'].start,
    drop: ' '.repeat(1024 ** 2),
  },
};

t.test('answers of AWS that trickle are given up', async (t) => {
  for (const [service, { variable, keys, ...more }] of Object.entries(AWS_SERVICES)) {
    for (const [name, answer] of Object.entries(ENDLESS)) {
      const server = await startTricklingServer(t, answer);
      const restore = t.intercept(process, 'env', {
        value: { ...keys, [variable]: server.address },
      });
      const requestHandler = createAwsRequestHandler({});
      const source = createAwsTokenSource({ clock: systemClock, requestHandler }, { timeoutMs: LIMIT_MS });
      const registries = [{ host: '123456789012.dkr.ecr.us-east-1.amazonaws.com', ...more }];
      const [request] = planTokens({ registries, region: undefined }).requests;
      if (!request) throw new Error('no request');
      const { signal } = new AbortController();
      await endsInTime(t, `${service}: ${name}`, () => source(request, signal));
      await leavesNothing(t, server);
      requestHandler.destroy();
      restore();
    }
  }
});
