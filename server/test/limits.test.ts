import { once } from 'node:events';
import { Agent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import t from 'tap';
import { createWebhookApp } from '../src/app.ts';
import { createBodyBudget } from '../src/body-budget.ts';
import { createWebhookMetrics } from '../src/metrics.ts';
import { createMutator } from '../src/mutate.ts';
import { MAX_BODY_BYTES, readJsonBody } from '../src/request-body.ts';
import { ECR_IMAGE, ECR_POD, FIXTURE, podOf, reviewer, reviewOf, startApp } from './app-support.ts';
import { call, connectionOptions, JSON_HEADERS, readAnswer, recordLog } from './support.ts';
import { verifyAdmissionResponse } from './verify-admission-response.ts';

const MEBIBYTE = 1024 * 1024;

t.test(
  'a body that is too large is read to its end, so that the sender sees the 413',
  async (t) => {
    const total = 2 * Math.ceil(MAX_BODY_BYTES / MEBIBYTE);
    const { body, sent } = mebibytes(total);
    const share = createBodyBudget()();

    const error = await readJsonBody(body, share).catch((thrown: unknown) => thrown);

    t.ok(isCodedError(error, 'ECRPS_ADMISSION_BODY_TOO_LARGE'));
    t.equal(sent(), total);
  },
);

t.test('a body of unknown length counts as it grows, and gives back what it took', async (t) => {
  const openShare = createBodyBudget(3 * MEBIBYTE);
  const isFree: boolean[] = [];
  const { body, sent } = mebibytes(5, () => {
    const share = openShare();
    isFree.push(share.covers(3 * MEBIBYTE));
    share.release();
  });

  const error = await readJsonBody(body, openShare()).catch((thrown: unknown) => thrown);

  t.ok(isCodedError(error, 'ECRPS_ADMISSION_BUSY'));
  t.equal(sent(), 5, 'read to its end');
  t.ok(isFree.includes(false), 'while it came');
  t.ok(openShare().covers(3 * MEBIBYTE), 'afterwards');
  t.end();
});

t.test('shares of the budget add up, and what is given back stays so', (t) => {
  const openShare = createBodyBudget(3 * MEBIBYTE);
  const one = openShare();
  const other = openShare();
  t.ok(one.covers(2 * MEBIBYTE));
  t.notOk(other.covers(2 * MEBIBYTE));
  t.ok(other.covers(MEBIBYTE));
  t.ok(one.covers(MEBIBYTE), 'less than it took');
  t.notOk(one.covers(2 * MEBIBYTE + 1));
  t.ok(openShare().covers(MEBIBYTE / 2), 'small ones take nothing');

  one.release();
  one.release();
  t.notOk(one.covers(1), 'a late chunk cannot take it again');
  t.ok(other.covers(3 * MEBIBYTE));
  t.notOk(openShare().covers(MEBIBYTE));
  t.end();
});

t.test(
  'beyond the budget a large body is to come again, and small ones are reviewed',
  async (t) => {
    const bodyBudget = createBodyBudget(2 * MEBIBYTE);
    const { port, post, metrics } = await startApp(t, reviewer(), { bodyBudget });
    const agent = new Agent({ keepAlive: true, maxSockets: 2 });
    t.teardown(() => agent.destroy());
    const large = JSON.stringify(reviewOf(ECR_POD)).padEnd(2 * MEBIBYTE);
    const first = await beginUpload(port, agent, large);
    const second = await beginUpload(port, agent, large);

    const refused = await readAnswer(second);
    t.equal(refused.status, 429, 'before its body was sent');
    t.equal(refused.headers['retry-after'], '1', 'or client-go would not try again');
    t.match(refused.text, 'ECRPS_ADMISSION_BUSY');
    t.equal((await post(FIXTURE)).status, 200);
    t.match(await metrics(), 'admission_requests_total{result="busy"} 1\n');

    second.end(large);
    first.end(large);
    t.equal((await readAnswer(first)).status, 200);
    const again = await call({ port, agent, headers: JSON_HEADERS, body: large });
    t.equal(again.status, 200, 'what an answered body took is free');

    const gone = await beginUpload(port, agent, large);
    gone.on('error', () => undefined).destroy();
    while (/admission_in_flight [1-9]/.test(await metrics())) await new Promise(setImmediate);
    t.equal((await post(large)).status, 200, 'what a sender that went away took is free too');
  },
);

t.test('a sender whose connection is to close sees the 429 too', async (t) => {
  const bodyBudget = createBodyBudget(0);
  const large = Buffer.alloc(MAX_BODY_BYTES, ' ');
  const agent = new Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  const serving = await startApp(t, reviewer(), { bodyBudget });
  const draining = await startApp(t, reviewer(), { bodyBudget, isDraining: () => true });

  const wished = await call({ port: serving.port, headers: JSON_HEADERS, body: large });
  const drained = await call({ port: draining.port, agent, headers: JSON_HEADERS, body: large });

  for (const { status, headers } of [wished, drained]) {
    t.match({ status, ...headers }, { status: 429, connection: 'close', 'retry-after': '1' });
  }
});

t.test('slow clients are closed, while an idle connection stays for the next review', async (t) => {
  const patience = { idleMs: 60_000, requestMs: 1_500 };
  const { port, metrics } = await startApp(t, reviewer(), { patience });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  const review = { port, agent, headers: JSON_HEADERS, body: JSON.stringify(FIXTURE) };
  await call(review);
  const [idle] = Object.values(agent.freeSockets).flat();
  t.ok(idle);
  const head = 'POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
  const body = `${head}content-length: 999\r\n\r\n{`;

  const silent = ['', head, body].map((text) => textUntilClosed(port, text));
  const dripping = [head, body].map((text) => textUntilClosed(port, text, 'x'));

  for (const answer of await Promise.all(silent)) t.match(answer, /^HTTP\/1.1 408/);
  // A byte that comes after the end breaks the connection, with what was said at last.
  for (const answer of await Promise.all(dripping)) t.match(answer, /^$|^HTTP\/1.1 408/);
  t.match(await metrics(), 'admission_in_flight 0\n');
  t.equal((await call(review)).status, 200);
  t.equal(Object.values(agent.freeSockets).flat()[0], idle, 'on the same connection');
});

t.test('the largest legal pod passes: 3 MiB that Go writes as six bytes each', async (t) => {
  const { post } = await startApp(t);
  const argument = '\\u003c'.repeat(3 * 1024 * 1024);
  const body = JSON.stringify(reviewOf(podOf({ containers: [{ image: ECR_IMAGE, args: ['@'] }] })));

  const { status, text } = await post(body.replace('@', argument));

  t.equal(status, 200);
  t.equal(verifyAdmissionResponse(FIXTURE.request.uid, text).operations.length, 1);
});

t.test('every limit is finite, and longer than the API server keeps idle connections', (t) => {
  const { logger } = recordLog();
  const metrics = createWebhookMetrics(createMetricsRegistry());
  const mutate = createMutator({ reviewPod: reviewer(), metrics, logger });
  const { server } = createWebhookApp({ mutate, metrics, logger, isDraining: () => false });
  for (const limitMs of [server.keepAliveTimeout, server.headersTimeout, server.requestTimeout]) {
    t.ok(limitMs > 90_000 && limitMs <= 300_000, `${limitMs} ms`);
  }
  t.end();
});

/** A body of some mebibytes, and how many of them were read. */
function mebibytes(total: number, beforeEach = () => {}) {
  const chunk = Buffer.alloc(MEBIBYTE, 'x');
  let sent = 0;
  function* chunks() {
    for (; sent < total; sent++) {
      beforeEach();
      yield chunk;
    }
  }
  return { body: Readable.from(chunks()), sent: () => sent };
}

/** Sends the head of a review whose body the caller sends; resolves once the server has read it. */
async function beginUpload(port: number, agent: Agent, body: string) {
  const outgoing = httpsRequest({
    ...connectionOptions(port),
    agent,
    method: 'POST',
    path: '/mutate',
    headers: {
      ...JSON_HEADERS,
      'content-length': Buffer.byteLength(body),
      expect: '100-continue',
    },
  });
  outgoing.flushHeaders();
  await once(outgoing, 'continue');
  return outgoing;
}

/** What a server says to a client that sends a text and then nothing, or one more byte now and then. */
async function textUntilClosed(port: number, text: string, byte?: 'x'): Promise<string> {
  const socket = connectTls(connectionOptions(port));
  socket.write(text);
  const drip = setInterval(() => byte && socket.writable && socket.write(byte), 100);
  const chunks = await socket.toArray().catch(() => []);
  clearInterval(drip);
  return Buffer.concat(chunks).toString('utf8');
}
