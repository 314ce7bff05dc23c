import { text } from 'node:stream/consumers';
import { connect, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { createMetricsRegistry } from '../../src/metrics.ts';
import { type Health, HEALTHY, startOpsServer } from '../../src/http/ops-server.ts';

const HOST = '127.0.0.1';

t.test('probes and metrics are served over plain HTTP', async (t) => {
  let health: Health = { ok: false, reason: 'waiting for the first certificate' };
  const app = await startApp(t, () => health);
  const get = async (path: string) => app.inject({ method: 'GET', url: path });
  t.match(await get('/livez'), { statusCode: 200 });
  t.match(await get('/readyz'), { statusCode: 503, payload: /waiting for the first certificate/ });
  health = HEALTHY;
  t.match(await get('/readyz'), { statusCode: 200 });
  t.match((await get('/metrics')).payload, /process_resident_memory_bytes/);
  t.match(await get('/'), { statusCode: 404 });
});

t.test(
  'a request that is not a plain GET is answered before its body arrives, and its connection is closed',
  async (t) => {
    const port = await startOps(t);
    const body = 'content-length: 1000000\r\n\r\n{';
    const requests: Readonly<Record<string, [request: string, status: number]>> = {
      'a body of GET': [`GET /metrics HTTP/1.1\r\nhost: x\r\n${body}`, 405],
      'a chunked body of GET': ['GET /livez HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{', 405],
      POST: [`POST /metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${body}`, 405],
      'POST to nowhere': [`POST / HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\n${body}`, 405],
      PUT: [`PUT /livez HTTP/1.1\r\nhost: x\r\n${body}`, 405],
      DELETE: ['DELETE /livez HTTP/1.1\r\nhost: x\r\n\r\n', 405],
      OPTIONS: ['OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n', 405],
      'an unknown path': ['GET /livez/x HTTP/1.1\r\nhost: x\r\n\r\n', 404],
      'a path that is no path': ['GET /%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 400],
      'an unknown method': ['BREW /livez HTTP/1.1\r\nhost: x\r\n\r\n', 400],
    };

    for (const [name, [request, status]] of Object.entries(requests)) {
      t.match(await untilClosed(port, request), new RegExp(`^HTTP/1.1 ${status} `), name);
    }
  },
);

t.test('HEAD is accepted like GET, and both keep their connection open', async (t) => {
  const port = await startOps(t);
  const head = 'HEAD /livez HTTP/1.1\r\nhost: x\r\n\r\n';
  const get = 'GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';
  t.match(await untilClosed(port, head + get), /^HTTP\/1.1 200 [^]*HTTP\/1.1 200 [^]*ok\n$/);
});

t.test('a probe is answered despite any number of incomplete heads', async (t) => {
  const port = await startOps(t);
  const held = Array.from({ length: 2_000 }, () => open(port, 'GET /livez HTTP/1.1\r\nhost: x\r\n'));
  t.teardown(() => held.forEach((socket) => socket.destroy()));
  for (let probe = 0; probe < 10; probe++) {
    t.equal((await fetch(`http://${HOST}:${port}/livez`)).status, 200);
  }
  const countOpen = () => held.filter(({ closed }) => !closed).length;
  while (countOpen() > 500) await new Promise(setImmediate);
  t.ok(countOpen() > 450, `${countOpen()} stay`);
});

t.test('a request times out after 10 s, and a connection stays open until the next scrape', async (t) => {
  const app = await startApp(t);
  const { requestTimeout, headersTimeout, keepAliveTimeout } = app.server;
  t.strictSame([requestTimeout, headersTimeout], [10_000, 10_000]);
  t.ok(keepAliveTimeout > 60_000 && keepAliveTimeout < 120_000);
});

async function startOps(test: Test): Promise<number> {
  const app = await startApp(test);
  return Number(new URL(app.listeningOrigin).port);
}

async function startApp(test: Test, ready: () => Health = () => HEALTHY): Promise<FastifyInstance> {
  const app = await startOpsServer({ metrics: createMetricsRegistry(), ready }, { host: HOST, port: 0 });
  test.teardown(() => app.close());
  return app;
}

function open(port: number, request: string): Socket {
  const socket = connect(port, HOST);
  socket.on('error', () => undefined).resume();
  socket.write(request);
  return socket;
}

async function untilClosed(port: number, request: string): Promise<string> {
  const socket = connect(port, HOST);
  socket.write(request);
  return await text(socket);
}
