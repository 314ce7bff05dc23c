import { once } from 'node:events';
import { Agent, request as httpsRequest } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import t from 'tap';
import { createReviewHandler } from '../../src/admission/review-handler.ts';
import { createWebhookApp } from '../../src/http/app.ts';
import { createWebhookMetrics } from '../../src/metrics.ts';
import { MAX_BODY_BYTES } from '../../src/http/body-limit.ts';
import { createBodyReader } from '../../src/http/body-reader.ts';
import { decider, ECR_IMAGE, ECR_POD, FIXTURE, podOf, reviewOf, startApp } from '../support/app.ts';
import { call, connectionOptions, JSON_HEADERS, readAnswer, recordLog } from '../support/webhook.ts';
import { verifyAdmissionResponse } from '../support/verify-admission-response.ts';

const MEBIBYTE = 1024 * 1024;

t.test('a body that is too large is read to its end, so that the sender sees the 413', async (t) => {
  const total = 2 * Math.ceil(MAX_BODY_BYTES / MEBIBYTE);
  const { body, sent } = mebibytes(total);

  const error = await createBodyReader()(body, total * MEBIBYTE, String).catch((thrown: unknown) => thrown);

  t.ok(isCodedError(error, 'ECRPS_ADMISSION_BODY_TOO_LARGE'));
  t.equal(sent(), total);
});

t.test('a body that is held open is evicted for new ones, and its sender may retry', async (t) => {
  const bodyBudgetBytes = 3 * MEBIBYTE;
  const { port, post, metrics, receivedBytes } = await startApp(t, decider(), { bodyBudgetBytes });
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  t.teardown(() => agent.destroy());
  const large = JSON.stringify(reviewOf(ECR_POD)).padEnd(2 * MEBIBYTE);
  const half = large.slice(0, large.length - 1);
  const oldest = beginUpload(port, agent, large, half);
  const newer = beginUpload(port, agent, 'x'.repeat(MEBIBYTE), '');
  await untilReading(metrics, 2);
  // Otherwise its bytes could come after those of the next body, and evict it.
  while (receivedBytes() < half.length) await new Promise(setImmediate);

  for (let again = 0; again < 3; again++) t.equal((await post(large)).status, 200);

  oldest.end(large.at(-1));
  const rejected = await readAnswer(oldest);
  t.equal(rejected.status, 429);
  t.equal(rejected.headers['retry-after'], '1', 'or client-go would not try again');
  t.match(rejected.text, 'ECRPS_ADMISSION_BUSY');
  t.match(await metrics(), 'admission_requests_total{result="busy"} 1\n');
  newer.end(JSON.stringify(FIXTURE).padEnd(MEBIBYTE));
  t.equal((await readAnswer(newer)).status, 200, 'a body without bytes uses no memory, so it is not evicted');
  const again = await call({ port, agent, headers: JSON_HEADERS, body: large });
  t.equal(again.status, 200, 'on the connection of the rejected one');
});

t.test('small bodies count too, and the memory of an aborted one is freed at once', async (t) => {
  const readBody = createBodyReader(10 * 1024);
  const pending = Array.from({ length: 10 }, () => new PassThrough());
  const reading = pending.map((stream) => readBody(stream, 3 * 1024, (body) => body.length));
  for (const stream of pending.slice(0, 5)) await written(stream, 2 * 1024);
  pending[0]?.destroy();
  t.ok(isCodedError(await failureOf(reading[0]), 'ECRPS_ADMISSION_BODY_INVALID'));
  for (const stream of pending.slice(5)) await written(stream, 1024);

  for (const stream of pending.slice(1)) stream.end();

  const results = await Promise.all(reading.slice(1).map((one) => one.catch(String)));
  // 4 × 2 KiB and 5 × 1 KiB are 3 KiB too many: the two oldest are evicted.
  t.match(results, [/BUSY|too many/, /too many/, 2048, 2048, 1024, 1024, 1024, 1024, 1024]);
});

t.test('a body in one piece is used as it is, without a copy', async (t) => {
  const readBody = createBodyReader();
  const piece = Buffer.from('{}');
  t.equal(await readBody(Readable.from([piece]), piece.length, (body) => body), piece);
  const longer = await readBody(Readable.from([piece]), piece.length + 1, (body) => body.length);
  t.equal(longer, piece.length, 'a part of a body is copied');
});

t.test('a body whose connection was lost before it is read fails at once', async (t) => {
  const lost = new PassThrough();
  lost.destroy();
  await once(lost, 'close');
  await t.rejects(createBodyReader()(lost, 2, String), { code: 'ECRPS_ADMISSION_BODY_INVALID' });
});

t.test('as many bodies as an API server sends at once are accepted, and so is the longest', async (t) => {
  const readBody = createBodyReader();
  const bodies = Array.from({ length: 200 }, () => new PassThrough());
  const reading = bodies.map((stream) => readBody(stream, 160 * 1024, (body) => body.length));
  for (const stream of bodies) await written(stream, 80 * 1024);
  for (const stream of bodies) stream.end(Buffer.alloc(80 * 1024));
  t.ok((await Promise.all(reading)).every((bytes) => bytes === 160 * 1024));

  const { body } = mebibytes(MAX_BODY_BYTES / MEBIBYTE);
  t.equal(await readBody(body, MAX_BODY_BYTES, ({ length }) => length), MAX_BODY_BYTES);
});

t.test('a chunked body is not parsed, because small chunks cost much CPU', async (t) => {
  const { port } = await startApp(t);
  for (const path of ['/mutate', '/']) {
    const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`;
    const text = `${head}transfer-encoding: chunked\r\n\r\n1\r\n{\r\n`;
    t.match(await textUntilClosed(port, text), /^HTTP\/1.1 411 .*send a content-length\n$/s, path);
  }
});

t.test('connections of slow clients are closed, and an idle connection stays open for the next review', async (t) => {
  const timeouts = { keepAliveMs: 60_000, requestMs: 1_500, handshakeMs: 60_000 };
  const { port, metrics } = await startApp(t, decider(), { timeouts });
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
  // A byte that arrives after the end resets the connection, and the last answer may be lost.
  for (const answer of await Promise.all(dripping)) t.match(answer, /^$|^HTTP\/1.1 408/);
  t.match(await metrics(), 'admission_in_flight 0\n');
  t.equal((await call(review)).status, 200);
  t.equal(Object.values(agent.freeSockets).flat()[0], idle, 'on the same connection');
});

t.test('idle connections and handshakes that do not end are closed after their timeouts', async (t) => {
  const timeouts = { keepAliveMs: 300, requestMs: 60_000, handshakeMs: 300 };
  const { port } = await startApp(t, decider(), { timeouts });
  const silent = connectTcp(port, '127.0.0.1');
  const slow = connectTcp(port, '127.0.0.1');
  // The beginning of a ClientHello, byte by byte.
  const hello = Buffer.from('160301020001000001fc0303', 'hex').values();
  const drip = setInterval(() => slow.write(Buffer.of(hello.next().value ?? 0)), 100);
  t.teardown(() => clearInterval(drip));
  const startMs = performance.now();
  const idle = textUntilClosed(port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n');

  await Promise.all([silent, slow].map(untilClosed));
  t.match(await idle, /^HTTP\/1.1 404 /, 'it was answered before');
  const ms = performance.now() - startMs;
  t.ok(ms < 5_000, `${ms} ms`);
});

t.test('the largest pod that can be stored is accepted: 1.5 MiB of bytes that Go writes as six each', async (t) => {
  const { post } = await startApp(t);
  const argument = '\\u003c'.repeat(1.5 * MEBIBYTE);
  const body = JSON.stringify(reviewOf(podOf({ containers: [{ image: ECR_IMAGE, args: ['@'] }] })));

  const { status, text } = await post(body.replace('@', argument));

  t.equal(status, 200);
  t.equal(verifyAdmissionResponse(FIXTURE.request.uid, text).operations.length, 1);
});

t.test('every timeout is finite, and longer than the API server keeps idle connections', (t) => {
  const { logger } = recordLog();
  const metrics = createWebhookMetrics(createMetricsRegistry());
  const handleReview = createReviewHandler({ decide: decider(), metrics, logger });
  const { server } = createWebhookApp({
    handleReview,
    metrics,
    logger,
    isDraining: () => false,
  });
  for (const limitMs of [server.keepAliveTimeout, server.headersTimeout, server.requestTimeout]) {
    t.ok(limitMs > 90_000 && limitMs <= 300_000, `${limitMs} ms`);
  }
  t.end();
});

async function untilClosed(socket: Socket): Promise<void> {
  // A reset counts as closed, but `once` of node:events would throw it.
  socket.on('error', () => undefined).resume();
  await new Promise((resolve) => socket.once('close', resolve));
}

/** A body of a number of mebibytes, and a count of those that were read. */
function mebibytes(total: number) {
  const chunk = Buffer.alloc(MEBIBYTE, 'x');
  let sent = 0;
  function* chunks() {
    for (; sent < total; sent++) yield chunk;
  }
  return { body: Readable.from(chunks()), sent: () => sent };
}

/** Writes bytes to a body and resolves when they were read. */
async function written(stream: PassThrough, bytes: number): Promise<void> {
  await new Promise((resolve) => stream.write(Buffer.alloc(bytes), resolve));
  await new Promise(setImmediate);
}

async function failureOf(promise: Promise<unknown> | undefined): Promise<unknown> {
  return await promise?.catch((error: unknown) => error);
}

/** Sends the head of a review and a part of its body; the caller sends the rest. */
function beginUpload(port: number, agent: Agent, body: string, part: string) {
  const outgoing = httpsRequest({
    ...connectionOptions(port),
    agent,
    method: 'POST',
    path: '/mutate',
    headers: { ...JSON_HEADERS, 'content-length': Buffer.byteLength(body) },
  });
  outgoing.flushHeaders();
  outgoing.write(part);
  return outgoing;
}

async function untilReading(metrics: () => Promise<string>, requests: number): Promise<void> {
  while (!(await metrics()).includes(`admission_in_flight ${requests}\n`)) {
    await new Promise(setImmediate);
  }
}

/** The answer to a client that sends a text and then nothing, or one more byte every 100 ms. */
async function textUntilClosed(port: number, text: string, byte?: 'x'): Promise<string> {
  const socket = connectTls(connectionOptions(port));
  socket.write(text);
  const drip = setInterval(() => byte && socket.writable && socket.write(byte), 100);
  const chunks = await socket.toArray().catch(() => []);
  clearInterval(drip);
  return Buffer.concat(chunks).toString('utf8');
}
