import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { linesOf } from '../src/lines.ts';
import { startFollower, startWatching, until, isWatch, versionOf, named, list, closes } from '../testing/follower.ts';

t.test('lists metadata in pages, hands all over at once, then watches with bookmarks', async (t) => {
  const follower = await startFollower(t);
  const { api, calls } = follower;
  const first = await api.next();
  t.same(Object.fromEntries(first.url.searchParams), { limit: '100' });
  t.match(first.request.headers.accept, 'as=PartialObjectMetadataList');
  first.json({
    metadata: { resourceVersion: '10', continue: 'more' },
    items: [named('a', '1')],
  });
  const second = await api.next();
  t.same(Object.fromEntries(second.url.searchParams), { limit: '200', continue: 'more' });
  t.same(calls, [], 'the handler does not see half a list');
  second.json({ metadata: { resourceVersion: '10', continue: '' }, items: [named('b', '2')] });
  const watch = await api.next();
  t.same(calls, ['replace a@1 b@2']);
  t.same(Object.fromEntries(watch.url.searchParams), {
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: '10',
    timeoutSeconds: '40',
  });
  t.match(watch.request.headers.accept, /as=PartialObjectMetadata;/);
});

t.test('an empty metadata list, whose items are null, is an empty list', async (t) => {
  const { api, calls } = await startFollower(t);
  (await api.next()).json({ metadata: { resourceVersion: '10' }, items: null });
  t.ok(isWatch(await api.next()));
  t.same(calls, ['replace']);
});

t.test('a watch that ended in due time goes on at once after its last bookmark', async (t) => {
  const follower = await startFollower(t);
  const { api, clock, calls, pauses, warnings } = follower;
  const watch = await startWatching(follower);
  watch.event('MODIFIED', named('a', '11'));
  watch.event('ADDED', named('b', '12'));
  watch.event('DELETED', named('a', '13'));
  watch.event('BOOKMARK', { metadata: { resourceVersion: '20' } });
  await until('the last event', () => calls.length === 4);
  await clock.advance(40_000);
  watch.end();
  const next = await api.next();
  t.equal(versionOf(next), '20');
  t.same(calls, ['replace a@1', 'upsert a@11', 'upsert b@12', 'remove a@13']);
  t.same(pauses, []);
  t.same(warnings, []);
});

t.test('after a 410 there is a new list, if it is a response and if it is an event', async (t) => {
  const follower = await startFollower(t);
  const { api, calls, warnings } = follower;
  const watch = await startWatching(follower);
  watch.refuse(410);
  const list1 = await api.next();
  t.notOk(isWatch(list1));
  list1.json(list('30', named('b', '29')));
  const again = await api.next();
  t.equal(versionOf(again), '30');
  again.event('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' });
  const list2 = await api.next();
  t.notOk(isWatch(list2));
  t.ok(await closes(again), 'the old watch is not left open');
  list2.json(list('40'));
  t.equal(versionOf(await api.next()), '40');
  t.same(calls, ['replace a@1', 'replace b@29', 'replace']);
  t.same(warnings, [], 'which is the course of things');
});

t.test('a continue token that expired begins the list again, and no half list is shown', async (t) => {
  const { api, calls } = await startFollower(t);
  const page = {
    metadata: { resourceVersion: '10', continue: 'old' },
    items: [named('gone', '1')],
  };
  (await api.next()).json(page);
  (await api.next()).refuse(410);
  const again = await api.next();
  t.equal(again.url.searchParams.get('continue'), null);
  again.json(list('20', named('a', '15')));
  t.equal(versionOf(await api.next()), '20');
  t.same(calls, ['replace a@15']);
});

t.test('after a Retry-After the missing page is requested again', async (t) => {
  const { api, calls, pauses } = await startFollower(t);
  const page = { metadata: { resourceVersion: '10', continue: 'two' }, items: [named('a', '1')] };
  (await api.next()).json(page);
  for (const status of [429, 503]) {
    const refused = await api.next();
    t.equal(refused.url.searchParams.get('continue'), 'two');
    refused.refuse(status, { 'retry-after': '7' });
  }
  const last = await api.next();
  t.equal(last.url.searchParams.get('continue'), 'two');
  last.json(list('10', named('b', '2')));
  const watch = await api.next();
  t.same(calls, ['replace a@1 b@2']);
  t.ok(
    pauses.every((ms) => ms > 7_000 && ms < 8_000),
    'with jitter on top',
  );
  watch.refuse(429, { 'retry-after': '3' });
  t.ok(isWatch(await api.next()));
  t.ok((pauses.at(-1) ?? 0) > 3_000);
});

t.test('the Retry-After of a watch counts too, but never for long', async (t) => {
  const follower = await startFollower(t);
  const { api, pauses } = follower;
  const watch = await startWatching(follower);
  const details = { retryAfterSeconds: 4 };
  watch.event('ERROR', { kind: 'Status', code: 429, reason: 'TooManyRequests', details });
  const next = await api.next();
  t.equal(versionOf(next), '10');
  t.equal(pauses.at(-1), 4_250);
  next.refuse(503, { 'retry-after': '86400' });
  await api.next();
  t.ok((pauses.at(-1) ?? 0) <= 25_000);
});

t.test('events arrive whole however they are cut', async (t) => {
  const follower = await startFollower(t);
  const { calls } = follower;
  const watch = await startWatching(follower);
  const line = Buffer.from(`${JSON.stringify({ type: 'ADDED', object: named('pläne-✓-🚀', '11') })}\n`);
  for (const byte of line) {
    watch.write(Uint8Array.of(byte));
    await nextTurn();
  }
  await until('the event', () => calls.length === 2);
  t.equal(calls[1], 'upsert pläne-✓-🚀@11');
  const annotations = { big: 'ü'.repeat(3_000_000) };
  watch.event('MODIFIED', { metadata: { name: 'big', resourceVersion: '12', annotations } });
  watch.event('ADDED', named('c', '13'));
  await until('both events', () => calls.length === 4);
  t.same(calls.slice(2), ['upsert big@12', 'upsert c@13']);
});

async function* oneLongLine() {
  for (let chunk = 0; chunk < 20; chunk++) yield Buffer.alloc(1_000, 'x');
}

t.test('lines have an end', async (t) => {
  await t.rejects(linesOf(oneLongLine(), 10_000).next(), {
    code: 'ECRPS_KUBERNETES_ANSWER_INVALID',
  });
});

t.test('a line that is no event has all listed anew, without being quoted', async (t) => {
  const follower = await startFollower(t);
  const { api, warnings } = follower;
  let watch = await startWatching(follower);
  for (const line of ['password=hunter2\n', 'null\n', '{"type":"ADDED"}\n', '{"type":"ERROR"}\n']) {
    watch.write(line);
    const next = await api.next();
    t.notOk(isWatch(next), line);
    t.ok(await closes(watch));
    next.json(list('10'));
    watch = await api.next();
  }
  t.ok(warnings.length > 0);
  t.notMatch(warnings.join(''), 'hunter2');
});

t.test('an event of the past has all listed anew: the server was restored', async (t) => {
  const follower = await startFollower(t);
  const { api, calls } = follower;
  const watch = await startWatching(follower);
  watch.event('MODIFIED', named('a', '9'));
  const next = await api.next();
  t.notOk(isWatch(next));
  t.same(calls, ['replace a@1'], 'and is not believed');
  next.json(list('9', named('a', '9')));
  t.equal(versionOf(await api.next()), '9');
});

t.test('a list without a version counts, and is requested again', async (t) => {
  const { api, calls, pauses } = await startFollower(t);
  (await api.next()).json(list('', named('a', '1')));
  const next = await api.next();
  t.notOk(isWatch(next));
  t.equal(pauses.length, 1);
  next.json(list('10', named('a', '1')));
  const watch = await api.next();
  t.equal(versionOf(watch), '10');
  t.same(calls, ['replace a@1', 'replace a@1']);
  watch.event('BOOKMARK', { metadata: { resourceVersion: '' } });
  watch.end();
  t.equal(versionOf(await api.next()), '10', 'a bookmark without one changes nothing');
});

t.test('a version that the server does not accept is followed by a new list', async (t) => {
  const follower = await startFollower(t);
  (await startWatching(follower)).refuse(400);
  t.notOk(isWatch(await follower.api.next()));
});
