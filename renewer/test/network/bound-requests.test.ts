import { Agent, createServer, get } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { withBoundRequests } from '../../src/network/bound-requests.ts';
import { listenOnLoopback } from '@ecr-pull-secrets/shared/testing/listen.ts';

/** A server that answers `/`, and nothing else; counts connections. */
async function startServer(t: Test) {
  const server = createServer(({ url }, response) => {
    if (url === '/') response.end('here');
    if (url === '/large') response.end('x'.repeat(1_000_000));
    if (url === '/endless') Readable.from(endlessText()).pipe(response);
  });
  let connections = 0;
  server.on('connection', () => connections++);
  const port = await listenOnLoopback(server);
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${port}`, connections: () => connections };
}

function* endlessText() {
  for (;;) yield 'x'.repeat(65_536);
}

/** A library that takes no signal. */
function fetchText(url: string, agent?: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, agent ? { agent } : {}, (response) => {
      text(response).then(resolve, reject);
    });
    request.on('error', reject);
  });
}

t.test('requests that hang end with the signal, and so do those made after it', async (t) => {
  const { url } = await startServer(t);
  const limit = new AbortController();
  const outcomes: string[] = [];
  const working = withBoundRequests(limit.signal, async () => {
    for (let attempt = 0; attempt < 3; attempt++) {
      outcomes.push(await fetchText(`${url}/silent`).catch(({ code }) => code));
      await delay(10);
    }
  });
  await delay(50);
  t.same(outcomes, []);
  limit.abort();
  await working;
  t.same(outcomes, ['ECONNRESET', 'ECONNRESET', 'ECONNRESET']);
});

t.test('requests of others do not end with it, nor do connections that are kept', async (t) => {
  const { url, connections } = await startServer(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  const limit = new AbortController();
  t.equal(await withBoundRequests(limit.signal, () => fetchText(url, agent)), 'here');
  const others = fetchText(url, agent);
  limit.abort();
  t.equal(await others, 'here');
  t.equal(await fetchText(url, agent), 'here');
  t.equal(connections(), 1);
});

t.test('an answer that does not end is not read to the end of memory', async (t) => {
  const { url, connections } = await startServer(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  const { signal } = new AbortController();
  for (let call = 0; call < 3; call++) {
    const { length } = await withBoundRequests(signal, () => fetchText(`${url}/large`, agent));
    t.equal(length, 1_000_000, 'each answer is counted by itself');
  }
  t.equal(connections(), 1);
  await t.rejects(
    withBoundRequests(signal, () => fetchText(`${url}/endless`, agent)),
    /too large|aborted/,
  );
});
