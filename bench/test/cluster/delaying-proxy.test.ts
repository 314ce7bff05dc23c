import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import t from 'tap';
import { listenOnLoopback } from '@ecr-pull-secrets/shared/testing/listen.ts';
import { startDelayingProxy } from '../../src/cluster/delaying-proxy.ts';

const DELAY_MS = 10;

const echo = createServer((socket) => socket.pipe(socket));
const echoPort = await listenOnLoopback(echo);
const proxy = await startDelayingProxy(`https://127.0.0.1:${echoPort}`, DELAY_MS);
t.teardown(async () => {
  await proxy.close();
  echo.close();
});

const client = connect(Number(new URL(proxy.url).port), '127.0.0.1');
await once(client, 'connect');

t.test('each direction takes the delay', async (t) => {
  const startedMs = performance.now();
  client.write('x');
  await once(client, 'data');
  // A timer may fire a millisecond early.
  t.ok(performance.now() - startedMs >= 2 * (DELAY_MS - 1));
});

t.test('all data arrives in its order, and the end after it', async (t) => {
  const sent = Buffer.from(Array.from({ length: 1024 ** 2 }, (_, index) => index % 251));
  const received: Buffer[] = [];
  client.on('data', (piece: Buffer) => received.push(piece));
  client.end(sent);
  await once(client, 'close');
  t.ok(Buffer.concat(received).equals(sent));
});
