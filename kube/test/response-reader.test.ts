import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { createResponseReader, LARGEST_OBJECT_BYTES } from '../src/response-reader.ts';
import { createApiError, isApiError } from '../src/api-error.ts';
import { createKubeClient } from '../src/client.ts';
import { NAMESPACES_PATH } from '../src/object-names.ts';
import { beginList, nextPage } from '../src/list-page.ts';
import type { PartialObjectMetadata } from '../src/objects.ts';
import { type Exchange, startApiStandIn } from '../testing/api-stand-in.ts';

const MEBIBYTE = 1024 ** 2;
const GET = { method: 'GET', path: '/api/v1/namespaces/a/secrets/b' } as const;

async function start(t: Test) {
  const api = await startApiStandIn();
  const client = createKubeClient({
    credentials: async () => ({ server: api.address, authorization: undefined, tls: {} }),
    userAgent: 'test',
  });
  t.teardown(async () => {
    await client.close();
    await api.close();
  });
  return { api, client };
}

/** Writes until the client stops reading. */
async function writeForEver(exchange: Exchange): Promise<number> {
  const { socket } = exchange.request;
  let mebibytes = 0;
  for (; !socket.destroyed && mebibytes < 1_000; mebibytes++) {
    exchange.write(' '.repeat(MEBIBYTE));
    // Node hands what is written to the socket in a later turn.
    do await delay(1);
    while (socket.writableLength > MEBIBYTE && !socket.destroyed);
  }
  return mebibytes;
}

t.test('a response without end is cut off', async (t) => {
  const { api, client } = await start(t);
  const code = 'ECRPS_KUBERNETES_ANSWER_TOO_LARGE';
  const response = t.rejects(client.request(GET), {
    code,
    message: /^reading the response to GET /,
  });
  t.ok((await writeForEver(await api.next())) < 20);
  await response;
  const small = t.rejects(client.request({ ...GET, maxBytes: 10 }), { code });
  (await api.next()).json({ a: 'more than ten' });
  await small;
});

t.test('a refusal without end is a refusal', async (t) => {
  const { api, client } = await start(t);
  const response = client.request(GET).catch((error: unknown) => error);
  const exchange = await api.next();
  exchange.begin(409);
  t.ok((await writeForEver(exchange)) < 20);
  t.ok(isApiError(await response, 409));
});

t.test('the words of a large refusal are read, and few of them are kept', async (t) => {
  const { api, client } = await start(t);
  const response = client.request(GET).catch((error: unknown) => error);
  const message = `admission webhook "x" denied the request: ${'why '.repeat(2_000_000)}`;
  (await api.next()).json({ kind: 'Status', reason: 'BadRequest', message }, 400);
  const error = await response;
  t.ok(isApiError(error, 400));
  t.match(error, { reason: 'BadRequest', message: /admission webhook "x" denied/ });
  t.ok(String(error).length < 1_000);
});

t.test('a large refusal is searched for credentials in no time', (t) => {
  // What the pattern takes longest for.
  const message = `${'a'.repeat(99)} `.repeat(80_000);
  const text = JSON.stringify({ message });
  const before = process.cpuUsage();
  createApiError('GET /', { status: 400, retryAfter: undefined, text });
  const { user } = process.cpuUsage(before);
  t.ok(user < 150_000, `${user} µs`);
  t.end();
});

t.test('large responses take turns, and small ones pass them', async (t) => {
  const responses = createResponseReader();
  const options = { action: 'read', maxBytes: LARGEST_OBJECT_BYTES, parse: String };
  const progress: string[] = [];
  const pieces = async function* (name: string, count: number) {
    for (let piece = 0; piece < count; piece++) {
      progress.push(name);
      yield Buffer.alloc(MEBIBYTE, name);
      await delay(1);
    }
  };
  const leaving = new AbortController();
  const large = ['a', 'b', 'c'].map((name) => {
    const signal = name === 'b' ? leaving.signal : undefined;
    return responses.read(pieces(name, 10), { ...options, signal }).then(({ length }) => length, String);
  });
  await delay(5);
  leaving.abort(new Error('left'));
  const small = await responses.read(pieces('s', 1), { ...options, signal: undefined });
  t.equal(small.length, MEBIBYTE);
  t.ok(progress.filter((name) => name === 'a').length < 10, 'the first large one goes on');
  t.same(await Promise.all(large), [10 * MEBIBYTE, 'Error: left', 10 * MEBIBYTE]);
  const began = progress.lastIndexOf('a');
  t.ok(progress.slice(0, began).filter((name) => name === 'c').length <= 2, progress.join(''));
});

/** Lists namespaces of which each has so many bytes; `pages` has where each page began, and its limit. */
async function listAll({ api, client }: Awaited<ReturnType<typeof start>>, sizes: readonly number[]) {
  const pages: string[] = [];
  const names: string[] = [];
  const position = beginList();
  const settings = { path: NAMESPACES_PATH, metadataOnly: true, reduce: nameOf };
  const listing = (async () => {
    do {
      names.push(...(await nextPage(client, settings, position)));
    } while (position.continueToken !== undefined);
  })();
  for (;;) {
    const exchange = await Promise.race([api.next(), listing.then(() => undefined)]);
    if (!exchange) return { pages, names, version: position.version };
    const limit = Number(exchange.url.searchParams.get('limit'));
    const from = Number(exchange.url.searchParams.get('continue') ?? 0);
    pages.push(`${from}+${limit}`);
    exchange.json(pageOf(sizes, from, from + limit));
  }
}

function nameOf({ metadata }: PartialObjectMetadata): string {
  return metadata.name;
}

function pageOf(sizes: readonly number[], from: number, to: number) {
  const items = sizes.slice(from, to).map((size, index) => ({
    metadata: { name: `n${from + index}`, annotations: { large: 'x'.repeat(size) } },
  }));
  return { metadata: { resourceVersion: '7', continue: to < sizes.length ? `${to}` : '' }, items };
}

t.test('a page that is too large is requested again with fewer objects', async (t) => {
  const sizes = Array.from({ length: 10 }, () => 2_500_000);
  const { pages, names, version } = await listAll(await start(t), sizes);
  const each = sizes.map((_, index) => `n${index}`);
  t.same(names, each, 'each once, in order');
  t.equal(version, '7');
  t.same(pages.slice(0, 5), ['0+100', '0+13', '0+2', '0+1', '1+1']);
  t.equal(pages.length, 3 + 10, 'and never again too large');
});

t.test('a page that the API server does not build in time is requested again, smaller', async (t) => {
  const { api, client } = await start(t);
  const position = beginList();
  const settings = { path: '/api', metadataOnly: true, reduce: nameOf } as const;
  for (const { limit, respond } of [
    { limit: '100', respond: (exchange: Exchange) => exchange.destroy() },
    { limit: '13', respond: (exchange: Exchange) => exchange.refuse(504) },
    { limit: '2', respond: (exchange: Exchange) => exchange.refuse(429) },
    { limit: '2', respond: (exchange: Exchange) => exchange.json(pageOf([10, 10], 0, 2)) },
  ]) {
    const page = nextPage(client, settings, position).catch(() => undefined);
    const exchange = await api.next();
    t.equal(exchange.url.searchParams.get('limit'), limit);
    respond(exchange);
    await page;
  }
  t.equal(position.limit, 4);
});

t.test('after large objects pages grow again', async (t) => {
  const sizes = Array.from({ length: 1_000 }, (_, index) => (index < 3 ? 3_000_000 : 100));
  const { pages, names } = await listAll(await start(t), sizes);
  t.equal(new Set(names).size, sizes.length);
  t.equal(names.length, sizes.length);
  t.ok(pages.length < 20, pages.join(' '));
});

t.test('the largest object that can be stored is listed', async (t) => {
  const { names } = await listAll(await start(t), [10, 12 * MEBIBYTE, 10]);
  t.same(names, ['n0', 'n1', 'n2']);
});
