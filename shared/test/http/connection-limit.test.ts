import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import { limitConnections } from '../../src/http/connection-limit.ts';
import { type Transport, TRANSPORTS } from '../support/transports.ts';
import { listenOnLoopback } from '../../testing/listen.ts';

const LIMIT = 8;

t.test('at the limit the oldest connection that was never served is closed, never a new one', async (t) => {
  const { port, connections } = await startServer(t);
  const silent = await open(t, port, LIMIT);
  const half = await openHalf(t, port);

  await closed(silent.shift());
  const asking = await open(t, port, 1);
  await closed(silent.shift());
  t.match(await answer(asking[0]), /^HTTP\/1.1 200/);
  t.equal(await connections(), LIMIT);
  t.ok([...silent, half].every(isOpen), 'the newer ones stay open');

  const flood = await open(t, port, 10 * LIMIT);
  await closed(flood.at(-LIMIT));
  t.ok(isOpen(asking[0]), 'a connection that was served is not displaced by any number of others');
  t.match(await answer(asking[0]), /^HTTP\/1.1 200/);
  t.equal(await connections(), LIMIT);
});

t.test('if most connections were served, the one that is unused for the longest time is closed', async (t) => {
  const { port, connections } = await startServer(t);
  const sockets = await open(t, port, LIMIT);
  for (const socket of sockets) await answer(socket);
  const [first, second, third] = sockets;
  await answer(first);

  const fresh = await open(t, port, 2);

  await Promise.all([closed(second), closed(third)]);
  t.ok(isOpen(first), 'it was used in between');
  await open(t, port, 1);
  await closed(fresh[0]);
  t.ok(isOpen(fresh[1]), 'two, which are a quarter, have time to send a request');
  t.equal(await connections(), LIMIT);
});

t.test('a connection whose requests are rejected counts as never served', async (t) => {
  const { port } = await startServer(t);
  const [used] = await open(t, port, 1);
  await answer(used);
  for (let count = 0; count < 2 * LIMIT; count++) {
    const [refused] = await open(t, port, 1);
    t.match(await answer(refused, '/nothing'), / 404 /);
  }
  await answer(used);
  t.ok(isOpen(used));
});

t.test('a connection with a request in flight does not count as unused', async (t) => {
  const { port, slowAnswer } = await startServer(t);
  const sockets = await open(t, port, LIMIT);
  for (const socket of sockets) await answer(socket);
  const [first, second] = sockets;
  assert(first && second);
  first.write(getOf('/slow'));
  const slow = await slowAnswer();

  await open(t, port, 1);

  await Promise.race([closed(first), closed(second)]);
  t.ok(isOpen(first), 'it was used before all others, but is in use');
  slow.end();
  const [text] = await once(first, 'data');
  t.match(String(text), /^HTTP\/1.1 200/);
});

t.test('connections that their clients close do not count', async (t) => {
  const { port, connections } = await startServer(t);
  for (const socket of await open(t, port, LIMIT - 1)) {
    await answer(socket);
    socket.destroy();
  }
  while ((await connections()) > 0) await new Promise(setImmediate);
  const sockets = await open(t, port, LIMIT);
  for (const socket of sockets) t.match(await answer(socket), /^HTTP/);
});

for (const [name, transport] of Object.entries(TRANSPORTS)) {
  t.test(`${name}: connections from the port of one that was just reset count`, async (t) => {
    const { port, connections } = await startServer(t, transport);
    const used = transport.connect(port);
    t.teardown(() => used.destroy());
    await once(used, transport.ready);
    await answer(used);

    for (let count = 0; count < 3 * LIMIT; count++) {
      await reopen(t, port, await openFrom(t, port));
    }

    for (let turn = 0; turn < 1_000 && (await connections()) > LIMIT; turn++) {
      await new Promise(setImmediate);
    }
    t.ok((await connections()) <= LIMIT, `${await connections()} are open`);
    t.match(await answer(used), /^HTTP\/1.1 200/, 'a connection that was served stays open');
  });
}

t.test('a late answer counts for the connection of its request, not for the next one from the same port', async (t) => {
  const { port, slowAnswer } = await startServer(t);
  const asking = await openFrom(t, port);
  asking.write(getOf('/slow'));
  const response = await slowAnswer();
  const successor = await reopen(t, port, asking);
  response.end();

  await open(t, port, LIMIT);

  await closed(successor);
});

async function startServer(test: Test, { createServer }: Transport = TRANSPORTS.HTTP) {
  const slow = Promise.withResolvers<ServerResponse>();
  const server = createServer(({ url }, response) => {
    if (url === '/slow') return slow.resolve(response);
    response.writeHead(url === '/nothing' ? 404 : 200).end();
  });
  limitConnections(server, LIMIT);
  const port = await listenOnLoopback(server);
  test.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  /** The answer to `/slow`, once it was requested. */
  const slowAnswer = () => slow.promise;
  return { port, connections: () => connectionsOf(server), slowAnswer };
}

async function connectionsOf(server: Server): Promise<number> {
  return await new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}

/** One after another, so that their order is defined. */
async function open(test: Test, port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) sockets.push(await openFrom(test, port));
  return sockets;
}

/** Resets a plain connection, and opens another one from the same port at once. */
async function reopen(test: Test, port: number, former: Socket): Promise<Socket> {
  const { localPort } = former;
  former.resetAndDestroy();
  await once(former, 'close');
  return await openFrom(test, port, localPort);
}

async function openFrom(test: Test, port: number, localPort?: number): Promise<Socket> {
  const socket = TRANSPORTS.HTTP.connect(port, localPort);
  test.teardown(() => socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

async function openHalf(test: Test, port: number): Promise<Socket> {
  const [socket] = await open(test, port, 1);
  if (!socket) throw new Error('there is no connection');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n');
  return socket;
}

async function answer(socket: Socket | undefined, path = '/'): Promise<string> {
  if (!socket) throw new Error('there is no connection');
  socket.write(getOf(path));
  const [text] = await once(socket, 'data');
  return String(text);
}

function getOf(path: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;
}

async function closed(socket: Socket | undefined): Promise<void> {
  if (!socket || socket.closed) return;
  socket.resume();
  await once(socket, 'close');
}

function isOpen(socket: Socket | undefined): boolean {
  return socket?.closed === false;
}
