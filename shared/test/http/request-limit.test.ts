import { once } from 'node:events';
import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import { limitOpenRequests } from '../../src/http/request-limit.ts';
import { type Transport, TRANSPORTS } from '../support/transports.ts';
import { listenOnLoopback } from '../../testing/listen.ts';

const HEAD = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

for (const [name, transport] of Object.entries(TRANSPORTS)) {
  t.test(`${name}: requests of one read beyond the fourth are not served, and the connection is closed`, async (t) => {
    const { open, count } = await startServer(t, transport);
    const socket = await open();
    // As many as fit into one TLS record, and fewer than fit into one read.
    socket.write(HEAD.repeat(500));
    await once(socket.resume(), 'close');
    t.equal(count(), 4);
  });

  t.test(`${name}: a client that waits for its answers may send any number of requests`, async (t) => {
    const { open, count } = await startServer(t, transport);
    const socket = await open();
    for (let sent = 1; sent <= 20; sent++) {
      socket.write(HEAD);
      const [answer] = await once(socket, 'data');
      t.match(String(answer), /^HTTP\/1.1 200/);
    }
    socket.write(HEAD.repeat(4));
    while (count() < 24) await new Promise(setImmediate);
    t.notOk(socket.closed);
  });
}

t.test('a connection whose requests cannot be counted is closed', async (t) => {
  const { open, count } = await startServer(t, {
    ...TRANSPORTS.HTTP,
    createServer: (listener) => TRANSPORTS.HTTP.createServer(listener).on('connection', withoutParser),
  });
  const socket = await open();
  socket.write(HEAD);
  await once(socket.resume(), 'close');
  t.equal(count(), 0);
});

/** Simulates a later Node that stores its parser elsewhere. */
function withoutParser(socket: Socket): void {
  Object.defineProperty(socket, 'parser', { value: null });
}

async function startServer(test: Test, { createServer, connect, ready }: Transport) {
  let requests = 0;
  const server = createServer((_request, response) => {
    requests++;
    response.end();
  });
  limitOpenRequests(server);
  const port = await listenOnLoopback(server);
  test.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const open = async (): Promise<Socket> => {
    const socket = connect(port);
    test.teardown(() => socket.destroy());
    socket.on('error', () => undefined);
    await once(socket, ready);
    return socket;
  };
  return { open, count: () => requests };
}
