import t from 'tap';
import { SECRET, startMissedPodsWorld } from '../support/missed-pods-world.ts';

const MINUTE_MS = 60_000;

t.test(
  'a pending pod is found within a minute, a running one within ten; each gets one Event in an hour',
  async (t) => {
    const { clock, put, events, registry, run } = startMissedPodsWorld(t);
    run();
    await clock.advance(1_000);
    put({ name: 'pending' });
    put({ name: 'running', phase: 'Running', namespace: 'b' });
    put({ name: 'other-image', image: 'docker.io/library/nginx' });
    put({ name: 'not-opted-in', namespace: 'elsewhere' });
    put({ name: 'excepted', namespace: 'z' });
    await clock.advance(MINUTE_MS);
    t.match(events, [{ involvedObject: { name: 'pending', uid: 'uid-1' }, reason: 'PodNotInjected' }]);
    await clock.advance(9 * MINUTE_MS);
    t.same(
      events.map(({ involvedObject }) => involvedObject.name),
      ['pending', 'running'],
    );
    t.match(events[0]?.message, `needs the pull secret "${SECRET}"`);
    t.match(events[0]?.message, / Replace it: kubectl get pod pending --namespace a /);
    t.match(await registry.metrics(), 'missed_pods{phase="Pending",reason="PodNotInjected"} 1');
    await clock.advance(39 * MINUTE_MS);
    t.equal(events.length, 2, 'no Event again');
  },
);

t.test('the Event of a pod is repeated before the API server deletes it, after those of other pods', async (t) => {
  const { clock, put, remove, events, run } = startMissedPodsWorld(t);
  const namesSince = (count: number) => events.slice(count).map(({ involvedObject }) => involvedObject.name);
  put({ name: 'pending' });
  put({ name: 'running', phase: 'Running', namespace: 'b' });
  run();
  await clock.advance(1_000);
  t.equal(events.length, 2);
  await clock.advance(49 * MINUTE_MS);
  t.equal(events.length, 2);
  await clock.advance(9.9 * MINUTE_MS);
  t.same(namesSince(2).toSorted(), ['pending', 'running'], 'within an hour');
  const [first, , again] = events;
  t.match(again, { reason: first?.reason, message: first?.message, series: { count: 2 } });
  t.equal(new Set(events.map(({ name }) => name)).size, 4, 'by another name');
  remove('a/pending');
  remove('b/running');
  await clock.advance(120 * MINUTE_MS);
  t.equal(events.length, 4, 'no Event of a pod that is gone');
});

t.test('Events that are repeated do not delay those of other pods', async (t) => {
  const { clock, put, events, run } = startMissedPodsWorld(t);
  for (let index = 0; index < 100; index += 1) put({ name: `old-${index}`, namespace: 'abc'.charAt(index % 3) });
  run();
  await clock.advance(49 * MINUTE_MS);
  t.equal(events.length, 100);
  for (let index = 0; index < 20; index += 1) put({ name: `new-${index}`, namespace: 'abc'.charAt(index % 3) });
  await clock.advance(1.5 * MINUTE_MS);
  const later = events.slice(100).map(({ involvedObject }) => involvedObject.name);
  t.ok(later.length > 20);
  t.ok(
    later.slice(0, 20).every((name) => name.startsWith('new-')),
    later.join(),
  );
});

t.test('a pod that is gone before its turn gets no Event, neither a first one nor one more', async (t) => {
  const { clock, put, remove, events, run } = startMissedPodsWorld(t);
  const names = Array.from({ length: 100 }, (_, index) => `pod-${index}`);
  const putAll = (): void => names.forEach((name, index) => put({ name, namespace: 'abc'.charAt(index % 3) }));
  const removeAll = (): void => names.forEach((name, index) => remove(`${'abc'.charAt(index % 3)}/${name}`));
  putAll();
  run();
  await clock.advance(1_000);
  t.equal(events.length, 40);
  removeAll();
  await clock.advance(10 * MINUTE_MS);
  t.equal(events.length, 40, 'not of those that waited');
  putAll();
  await clock.advance(40 * MINUTE_MS);
  t.equal(events.length, 140);
  await clock.advance(11 * MINUTE_MS);
  const repeated = events.length;
  t.ok(repeated > 140 && repeated < 240, 'some have another one');
  removeAll();
  await clock.advance(30 * MINUTE_MS);
  t.equal(events.length, repeated, 'and the others none');
});

t.test('a pod that is older than the label has another reason, and the metric shows when all is well', async (t) => {
  const { clock, put, remove, events, registry, optedIn, run } = startMissedPodsWorld(t);
  put({ name: 'old' });
  optedIn.set('a', clock.now() + 1);
  run();
  await clock.advance(1_000);
  t.match(events, [{ reason: 'PodOlderThanLabel' }]);
  t.match(await registry.metrics(), 'missed_pods{phase="Pending",reason="PodOlderThanLabel"} 1');
  remove('a/old');
  await clock.advance(MINUTE_MS);
  t.match(await registry.metrics(), 'missed_pods{phase="Pending",reason="PodOlderThanLabel"} 0');
});

t.test('a thousand missed pods cause 60 Events per minute, of all namespaces first', async (t) => {
  const { clock, put, events, run } = startMissedPodsWorld(t);
  for (let index = 0; index < 1_000; index += 1) {
    const controller = { kind: 'ReplicaSet', uid: `rs-${Math.floor(index / 50)}` };
    put({ name: `app-${index}`, namespace: 'abcdefghijklmnopqrst'.charAt(index % 20), controller });
  }
  run();
  await clock.advance(10 * MINUTE_MS - 1);
  t.equal(events.length, 600);
  t.equal(new Set(events.slice(0, 20).map(({ namespace }) => namespace)).size, 20, 'one of each namespace first');
  t.equal(new Set(events.map(({ involvedObject }) => involvedObject.uid)).size, 600, 'no pod twice');
  await clock.advance(20 * MINUTE_MS);
  t.equal(events.length, 1_000);
});

t.test('pods of up to 20 namespaces are listed by namespace, those of more by one list', async (t) => {
  const { clock, lists, optedIn, run } = startMissedPodsWorld(t);
  run();
  await clock.advance(1_000);
  t.same(lists, ['/api/v1/pods status.phase=Pending', '/api/v1/pods status.phase=Running']);
  optedIn.clear();
  await clock.advance(MINUTE_MS);
  t.equal(lists.length, 2, 'nothing is listed if no namespace opted in');
  optedIn.set('a', 0);
  await clock.advance(MINUTE_MS);
  t.equal(lists.at(-1), '/api/v1/namespaces/a/pods status.phase=Pending');
});

t.test('thousands of missed pods of one namespace do not delay the Events of others', async (t) => {
  const { clock, put, events, run } = startMissedPodsWorld(t);
  for (let index = 0; index < 2_000; index += 1) put({ name: `flood-${index}` });
  for (const name of ['one', 'two']) put({ name, namespace: 'b', controller: { kind: 'ReplicaSet', uid: name } });
  put({ name: 'two-more', namespace: 'b', controller: { kind: 'ReplicaSet', uid: 'two' } });
  run();
  await clock.advance(1_000);
  t.same(
    events.slice(0, 5).map(({ involvedObject }) => involvedObject.name),
    ['flood-0', 'one', 'flood-1', 'two', 'flood-2'],
  );
  await clock.advance(40 * MINUTE_MS);
  t.equal(events.filter(({ namespace }) => namespace === 'a').length, 200);
});

t.test('twenty namespaces that fill all places do not delay the Event of another one', async (t) => {
  const { clock, put, events, run } = startMissedPodsWorld(t);
  for (const namespace of 'abcdefghijklmnopqrst') {
    for (let index = 0; index < 60; index += 1) put({ name: `flood-${namespace}-${index}`, namespace });
  }
  put({ name: 'alone', namespace: 'y' });
  run();
  await clock.advance(1_000);
  t.ok(events.some(({ involvedObject }) => involvedObject.name === 'alone'));
});
