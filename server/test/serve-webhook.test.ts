import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { createFakeClock, type FakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t, { type Test } from 'tap';
import { readWebhookConfiguration } from '../src/configuration.ts';
import { serveWebhook } from '../src/serve-webhook.ts';
import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import {
  type Answer,
  call,
  connectionOptions,
  issue,
  JSON_HEADERS,
  readAnswer,
  type RecordedLog,
  recordLog,
  switchFiles,
} from './support/webhook.ts';

const REVIEW = readFileSync(new URL('./fixtures/admission-review.pod.json', import.meta.url), 'utf8');
const SLOW_HEADERS = 'content-type: application/json\r\ncontent-length: 9';
const DRAIN_MS = 15_000;
const POLL_MS = 2_000;
const FINISH_MS = 5_000;

interface WebhookProcess {
  readonly directory: string;
  readonly clock: FakeClock;
  readonly log: RecordedLog;
  readonly stop: () => void;
  /** Resolves when the real process would exit with 0. */
  readonly ended: Promise<void>;
  readonly readiness: () => Promise<{ readonly status: number; readonly text: string }>;
}

/** Runs the webhook as its command does, with a fake clock and free ports. */
async function startProcess(test: Test): Promise<WebhookProcess> {
  const directory = test.testdir();
  const clock = createFakeClock(Date.now());
  const log = recordLog();
  const controller = new AbortController();
  const configuration = {
    ...readWebhookConfiguration({ HOST: '127.0.0.1', TLS_DIR: directory }),
    port: 0,
    opsPort: 0,
  };
  const ended = serveWebhook({ clock, logger: log.logger }, configuration, controller.signal);
  const { address } = JSON.parse(await log.next('probes and metrics'));
  return {
    directory,
    clock,
    log,
    stop: () => controller.abort(),
    ended,
    readiness: async () => {
      const response = await fetch(`${address}/readyz`);
      return { status: response.status, text: await response.text() };
    },
  };
}

let generation = 0;

/** Writes a certificate as the renewer does, and waits until the webhook has loaded it. */
async function handOver(running: WebhookProcess, pair: PemPair): Promise<void> {
  const files = { 'tls.crt': pair.certificatePem, 'tls.key': pair.privateKeyPem };
  switchFiles(running.directory, String(generation++), files);
  await readsUntil(running, 'serving certificate loaded');
}

/** Lets the webhook read its files until it logs a line: reading takes real time. */
async function readsUntil({ clock, log }: WebhookProcess, line: string): Promise<void> {
  const over = new AbortController();
  const logged = log.next(line).finally(() => over.abort());
  while (!over.signal.aborted) await clock.advance(POLL_MS);
  await logged;
}

/** Starts a process and waits until it listens. */
async function startListening(test: Test): Promise<WebhookProcess & { readonly port: number }> {
  const running = await startProcess(test);
  await handOver(running, await issue());
  const { address } = JSON.parse(await running.log.next('"listening"'));
  return { ...running, port: Number(new URL(address).port) };
}

/** Ends a process: the drain, then the time for open connections to end. */
async function endProcess({ stop, clock, log, ended }: WebhookProcess): Promise<void> {
  stop();
  await log.next('"draining"');
  await clock.advance(DRAIN_MS);
  await clock.advance(FINISH_MS);
  await ended;
}

t.test('it is unready until the first certificate, and readiness gives the reason', async (t) => {
  const running = await startProcess(t);
  const waiting = await running.readiness();
  t.equal(waiting.status, 503);
  t.equal(waiting.text, `waiting for the first certificate in ${running.directory}\n`);

  await handOver(running, await issue());
  const { address } = JSON.parse(await running.log.next('"listening"'));
  t.strictSame(await running.readiness(), { status: 200, text: 'ok\n' });
  const answer = await call({ port: Number(new URL(address).port), body: REVIEW });
  t.equal(answer.status, 200);
  await endProcess(running);
});

t.test('readiness gives the problem of an invalid first certificate', async (t) => {
  const running = await startProcess(t);
  const { certificatePem } = await issue();
  const { privateKeyPem } = await issue({ freshKey: true });
  switchFiles(running.directory, 'bad', { 'tls.crt': certificatePem, 'tls.key': privateKeyPem });
  await readsUntil(running, 'there is no usable serving certificate yet');

  const { status, text } = await running.readiness();
  t.equal(status, 503);
  t.match(text, 'waiting for the first certificate');
  t.match(text, 'the private key does not belong to the certificate');
  running.stop();
  await running.ended;
});

t.test('a new certificate is used for new connections, and open connections stay open', async (t) => {
  const running = await startListening(t);
  const { port } = running;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const servedSerialNumber = async () => {
    const socket = connectTls(connectionOptions(port));
    await once(socket, 'secureConnect');
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };
  await call({ port, agent, body: REVIEW });
  const [openSocket] = Object.values(agent.freeSockets).flat();
  const before = await servedSerialNumber();

  await handOver(running, await issue({ freshKey: true }));

  t.not(await servedSerialNumber(), before);
  t.equal((await call({ port, agent, body: REVIEW })).status, 200);
  t.equal(Object.values(agent.freeSockets).flat()[0], openSocket);
  agent.destroy();
  await endProcess(running);
});

t.test('after a stop it is unready at once, and still answers but closes each connection', async (t) => {
  const running = await startListening(t);
  const { port, clock } = running;
  const agent = new Agent({ keepAlive: true });
  t.equal((await call({ port, agent, body: REVIEW })).headers.connection, 'keep-alive');

  running.stop();
  await running.log.next('"draining"');
  const { status, text } = await running.readiness();
  t.equal(status, 503);
  t.match(text, 'stopping');
  await clock.advance(DRAIN_MS - 1);
  for (const path of ['/mutate', '/elsewhere']) {
    const { headers } = await call({ port, agent, path, body: REVIEW });
    t.equal(headers.connection, 'close', path);
  }

  await clock.advance(1);
  await running.ended;
  t.pass('no connection was open, so it did not wait');
  await t.rejects(call({ port, body: REVIEW }), { code: 'ECONNREFUSED' });
});

t.test('a review in flight at the end of the drain is answered', async (t) => {
  const running = await startListening(t);
  const { port, clock, log, stop, ended } = running;
  const headers = { ...JSON_HEADERS, 'content-length': Buffer.byteLength(REVIEW) };
  const path = '/mutate';
  const agent = new Agent({ keepAlive: true });
  const outgoing = request({ ...connectionOptions(port), method: 'POST', path, headers, agent });
  outgoing.write(REVIEW.slice(0, 100));
  // The answer to a later request proves that the first one has arrived.
  await call({ port, body: REVIEW });

  stop();
  await log.next('"draining"');
  await clock.advance(DRAIN_MS);
  outgoing.end(REVIEW.slice(100));

  const { status, headers: answered }: Answer = await readAnswer(outgoing);
  t.equal(status, 200);
  t.equal(answered.connection, 'close', 'the server could not close otherwise');
  await ended;
});

t.test('connections without a complete request do not delay the exit', async (t) => {
  const running = await startListening(t);
  const { port } = running;
  const spare = connectTls(connectionOptions(port));
  await once(spare, 'secureConnect');
  const silent = connectTcp(port, '127.0.0.1');
  await once(silent, 'connect');
  const slow = connectTls(connectionOptions(port));
  slow.write(`POST /mutate HTTP/1.1\r\nhost: x\r\n${SLOW_HEADERS}\r\n\r\n{`);
  await once(slow, 'secureConnect');
  const closed = [spare, silent, slow].map((socket) => {
    socket.on('error', () => undefined).resume();
    return once(socket, 'close');
  });

  await endProcess(running);
  await Promise.all(closed);
  t.pass();
});

t.test('a stop before the first certificate ends the process', async (t) => {
  const { stop, ended } = await startProcess(t);
  stop();
  await ended;
  t.pass();
});

t.test('a port that is in use is an error, and nothing stays open', async (t) => {
  const first = await startListening(t);
  const directory = t.testdir();
  const pair = await issue();
  switchFiles(directory, 'only', { 'tls.crt': pair.certificatePem, 'tls.key': pair.privateKeyPem });
  const configuration = {
    ...readWebhookConfiguration({ HOST: '127.0.0.1', TLS_DIR: directory }),
    port: first.port,
    opsPort: 0,
  };
  const { logger, lines } = recordLog();
  const stop = new AbortController().signal;
  const clock = createFakeClock(Date.now());
  const serving = serveWebhook({ clock, logger }, configuration, stop);

  await t.rejects(serving, { code: 'EADDRINUSE' });
  const { address } = JSON.parse(lines[0] ?? '');
  await t.rejects(fetch(`${address}/livez`), 'the ops server is closed too');
  await endProcess(first);
});
