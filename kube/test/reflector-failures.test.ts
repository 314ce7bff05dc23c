import { getEventListeners } from 'node:events';
import t from 'tap';
import { startApiStandIn } from '../testing/api-stand-in.ts';
import {
  MINUTE_MS,
  LONGEST_WATCH_MS,
  startFollower,
  startWatching,
  until,
  isWatch,
  versionOf,
  named,
  list,
  settled,
  closes,
} from '../testing/follower.ts';

t.test('watches that end at once again and again make neither a hot loop nor a blind window', async (t) => {
  const follower = await startFollower(t);
  const { api, clock, pauses, warnings } = follower;
  let watch = await startWatching(follower);
  const startMs = clock.now();
  for (let round = 0; round < 60; round++) {
    t.equal(versionOf(watch), '10');
    if (round % 2 === 0) watch.write('\n');
    watch.end();
    watch = await api.next();
  }
  const minutes = (clock.now() - startMs) / MINUTE_MS;
  t.ok(minutes >= 2, 'at most one in two seconds');
  t.ok(Math.max(...pauses) <= 5_000);
  t.ok(warnings.length <= Math.ceil(minutes), 'logged once a minute');
});

t.test('watches that break off every half minute are resumed in half a second', async (t) => {
  const follower = await startFollower(t, { random: () => 0.999 });
  const { api, clock, pauses } = follower;
  let watch = await startWatching(follower);
  for (let round = 0; round < 20; round++) {
    watch.write('\n');
    await until('the watch is open', () => api.connections() > 0);
    await settled(follower, watch);
    await clock.advance(30_000);
    watch.destroy();
    watch = await api.next();
    t.ok(isWatch(watch));
  }
  t.ok(Math.max(...pauses) <= 500, pauses.join(' '));
});

t.test('an API server that forgets all the time is listed ever more rarely', async (t) => {
  const follower = await startFollower(t);
  const { api, pauses } = follower;
  let watch = await startWatching(follower);
  for (let round = 0; round < 12; round++) {
    watch.event('ERROR', { kind: 'Status', code: 410 });
    (await api.next()).json(list('10'));
    watch = await api.next();
  }
  t.same(pauses.slice(0, 3), [250, 500, 1_000]);
  t.equal(pauses.at(-1), 15_000);
});

t.test('a watch that is forbidden is retried from its last version, and logged once a minute', async (t) => {
  const follower = await startFollower(t);
  const { api, clock, pauses, warnings } = follower;
  let watch = await startWatching(follower);
  const startMs = clock.now();
  for (let round = 0; round < 40; round++) {
    t.equal(versionOf(watch), '10');
    watch.refuse(403);
    watch = await api.next();
  }
  t.equal(Math.max(...pauses), 15_000, 'half of 30 s, as the dice fell');
  const minutes = (clock.now() - startMs) / MINUTE_MS;
  t.ok(warnings.length > 1 && warnings.length <= Math.ceil(minutes), `${warnings.length}`);
});

t.test('a connection that is silent, or sends nothing but blanks, is given up in time', async (t) => {
  const follower = await startFollower(t);
  const { api, clock, pauses } = follower;
  const watch = await startWatching(follower);
  t.comment('headers that never come');
  await clock.advance(LONGEST_WATCH_MS);
  await watch.closed;
  const silent = await api.next();
  t.equal(versionOf(silent), '10');
  t.comment('headers, then nothing');
  await settled(follower, silent);
  await clock.advance(LONGEST_WATCH_MS);
  await silent.closed;
  const babbling = await api.next();
  t.equal(versionOf(babbling), '11');
  t.comment('empty lines for ever, then the beginning of an event');
  await settled(follower, babbling);
  for (let second = 0; second < 44; second++) {
    babbling.write('\n');
    await clock.advance(1_000);
  }
  babbling.write('{"type":"ADDED","object":{"metadata"');
  await clock.advance(1_000);
  await babbling.closed;
  t.equal(versionOf(await api.next()), '11');
  t.ok(Math.max(...pauses) <= 500, 'so the blind window is 45.5 s');
});

t.test('a handler that throws ends nothing', async (t) => {
  let throwing = true;
  const calls: string[] = [];
  const fail = (what: string): void => {
    calls.push(what);
    if (throwing) throw new TypeError('a mistake');
  };
  const follower = await startFollower(t, {
    handler: {
      replace: () => fail('replace'),
      upsert: () => fail('upsert'),
      remove: () => fail('remove'),
    },
  });
  const { api, pauses, warnings } = follower;
  (await api.next()).json(list('10'));
  await until('the mistake', () => calls.length === 1);
  throwing = false;
  (await api.next()).json(list('10'));
  const watch = await api.next();
  t.ok(isWatch(watch));
  throwing = true;
  watch.event('ADDED', named('a', '11'));
  const next = await api.next();
  t.notOk(isWatch(next));
  t.ok(await closes(watch));
  t.same(calls, ['replace', 'replace', 'upsert']);
  t.equal(pauses.length, 2);
  t.match(warnings[0], 'a mistake');
});

t.test('an API server that is away for ten minutes is met again within half a minute', async (t) => {
  const follower = await startFollower(t, { random: () => 0.999 });
  const { api, clock, pauses, calls, warnings } = follower;
  const watch = await startWatching(follower);
  await settled(follower, watch);
  await clock.advance(20_000);
  await api.close();
  const goneMs = clock.now();
  await until('ten minutes', () => clock.now() - goneMs > 10 * MINUTE_MS);
  t.ok(Math.max(...pauses) <= 30_000);
  t.ok(pauses.length < 40, 'no hot loop');
  t.ok(warnings.length >= 5 && warnings.length <= 11, `logged once a minute: ${warnings.length}`);

  const back = await startApiStandIn(api.port);
  t.teardown(() => back.close());
  const resumed = await back.next();
  t.equal(versionOf(resumed), '11');
  const before = pauses.length;
  resumed.refuse(410);
  const relist = await back.next();
  t.notOk(isWatch(relist));
  t.ok((pauses[before] ?? Infinity) <= 500, 'the new list does not wait as long as the absence taught');
  relist.json(list('90', named('new', '80')));
  t.ok(isWatch(await back.next()));
  t.equal(calls.at(-1), 'replace new@80');
  await follower.stop();
});

t.test('replicas whose watches broke together come back one after the other', async (t) => {
  const one = await startFollower(t, { random: () => 0.1 });
  const other = await startFollower(t, { random: () => 0.9 });
  for (const follower of [one, other]) {
    (await startWatching(follower)).refuse(410);
    await follower.api.next();
  }
  t.same([one.pauses, other.pauses], [[50], [450]]);
});

t.test('reconnecting leaves nothing behind', async (t) => {
  const follower = await startFollower(t);
  const { api, signal } = follower;
  let watch = await startWatching(follower);
  const listeners = getEventListeners(signal, 'abort').length;
  for (let round = 0; round < 50; round++) {
    if (round % 3 === 0) watch.destroy();
    if (round % 3 === 1) watch.refuse(500);
    if (round % 3 === 2) watch.end();
    watch = await api.next();
    t.ok(isWatch(watch));
  }
  t.equal(getEventListeners(signal, 'abort').length, listeners);
  t.ok(api.connections() <= 2, `${api.connections()} connections`);
});

t.test('stopping closes the connection, in a list and in a watch', async (t) => {
  const listing = await startFollower(t);
  const page = await listing.api.next();
  await listing.stop();
  await page.closed;
  t.same(listing.calls, []);

  const watching = await startFollower(t);
  const watch = await startWatching(watching);
  await settled(watching, watch);
  await watching.stop();
  await watch.closed;
  t.equal(getEventListeners(watching.signal, 'abort').length, 0);
  t.same([...listing.warnings, ...watching.warnings], [], 'and is no failure');
});
