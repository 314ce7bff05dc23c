import { createServer, type RequestListener } from 'node:http';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { listenOnLoopback } from '@ecr-pull-secrets/shared/testing/listen.ts';
import { startConnectProxy } from '@ecr-pull-secrets/shared/testing/connect-proxy.ts';
import t, { type Test } from 'tap';
import { createHttpsGetter } from '../../src/network/https-get.ts';

t.test('an address without TLS gets no request', async (t) => {
  let requests = 0;
  const port = await listen(t, () => requests++);
  const client = createHttpsGetter({ clock: systemClock }, { proxies: {} });
  t.teardown(() => client.close());
  await t.rejects(client.get({ url: new URL(`http://127.0.0.1:${port}/`), maxBytes: 10 }), /is not an https address/);
  t.equal(requests, 0);
});

t.test('a proxy that does not answer ends after the timeout', async (t) => {
  const proxy = await startConnectProxy({ routes: {}, isSilent: true });
  t.teardown(() => proxy.close());
  const client = createHttpsGetter({ clock: systemClock }, { proxies: { httpsProxy: proxy.url }, timeoutMs: 1_000 });
  t.teardown(() => client.close());
  const request = { url: new URL('https://registry.example.com/v2/'), maxBytes: 10 };
  await t.rejects(client.get(request), /no response within 1000 ms/);
  t.match(proxy.requests, [{ target: 'registry.example.com:443' }]);
});

async function listen(t: Test, listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  t.teardown(() => server.close());
  return await listenOnLoopback(server);
}
