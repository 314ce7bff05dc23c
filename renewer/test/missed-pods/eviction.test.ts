import t from 'tap';
import { startMissedPodsWorld } from '../support/missed-pods-world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function controllerOf(uid: string, kind = 'ReplicaSet') {
  return { kind, uid };
}

t.test('only pods that cannot pull and that their controller creates again are evicted', async (t) => {
  const { clock, put, evictions, events, registry, run } = startMissedPodsWorld(t, { evict: true });
  for (const kind of ['ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'ReplicationController']) {
    put({ name: kind.toLowerCase(), isPullFailing: true, controller: controllerOf(kind, kind) });
  }
  put({ name: 'bare', isPullFailing: true });
  put({
    name: 'not-of-apps',
    isPullFailing: true,
    controller: { ...controllerOf('other'), apiVersion: 'example.com/v1' },
  });
  put({ name: 'unscheduled', controller: controllerOf('waits') });
  put({ name: 'other-image', isPullFailing: true, image: 'docker.io/library/nginx', controller: controllerOf('hub') });
  put({ name: 'running', phase: 'Running', isPullFailing: true, controller: controllerOf('runs') });
  run();
  await clock.advance(29_000);
  t.same(evictions, [], 'not before the webhook of a new leader can be reached');
  await clock.advance(HOUR_MS);
  t.same(evictions.map(({ name }) => name).toSorted(), ['daemonset', 'replicaset', 'statefulset']);
  t.equal(events.filter(({ reason }) => reason === 'MissedPodEvicted').length, 3);
  t.match(await registry.metrics(), 'missed_pod_evictions_total{result="success"} 3');
});

t.test('if new pods are not injected either, there is no loop', async (t) => {
  const { clock, put, evictions, run } = startMissedPodsWorld(t, { evict: true, injects: () => false });
  for (let index = 0; index < 100; index += 1) {
    const namespace = 'abcdefghijklmnopqrst'.charAt(index % 20);
    put({ name: `app-${index}`, namespace, isPullFailing: true, controller: controllerOf(`rs-${index}`) });
  }
  run();
  await clock.advance(4 * HOUR_MS);
  t.ok(evictions.length <= 4 * 6, `${evictions.length} evictions in four hours: one in ten minutes at most`);
  t.ok(evictions.length > 6, 'but it tries again');
  for (const [index, { atMs }] of evictions.entries()) {
    const before = evictions.slice(0, index).findLast(({ name }) => name === evictions[index]?.name);
    t.ok(before === undefined || atMs - before.atMs >= HOUR_MS, 'a pod of a controller at most once in an hour');
  }
});

t.test('while successors are injected, portions double up to 20', async (t) => {
  const { clock, put, evictions, run } = startMissedPodsWorld(t, { evict: true });
  for (let index = 0; index < 100; index += 1) {
    put({ name: `app-${index}`, isPullFailing: true, controller: controllerOf(`rs-${index}`) });
  }
  run();
  await clock.advance(20 * MINUTE_MS);
  const portions = Object.values(Object.groupBy(evictions, ({ atMs }) => atMs)).map((portion) => portion?.length);
  t.same(portions, [1, 2, 4, 8, 16, 20, 20, 20, 9]);
});

t.test('the pods of one controller are evicted one after the other', async (t) => {
  const { clock, put, evictions, run } = startMissedPodsWorld(t, { evict: true });
  for (const name of ['web-0', 'web-1', 'web-2']) {
    put({ name, isPullFailing: true, controller: controllerOf('web', 'StatefulSet') });
  }
  run();
  await clock.advance(20 * MINUTE_MS);
  t.same(evictions.map(({ name }) => name).toSorted(), ['web-0', 'web-1', 'web-2']);
  t.equal(new Set(evictions.map(({ atMs }) => atMs)).size, 3);
});

t.test('nothing is evicted without a valid secret, or without the setting', async (t) => {
  const secretless = startMissedPodsWorld(t, { evict: true });
  secretless.cache.secret = () => undefined;
  const off = startMissedPodsWorld(t);
  for (const world of [secretless, off]) {
    world.put({ name: 'app', isPullFailing: true, controller: controllerOf('rs') });
    world.run();
    await world.clock.advance(HOUR_MS);
    t.same(world.evictions, []);
  }
});

t.test(
  'anyone who fakes a controller stops the evictions in other namespaces for ten minutes, and only once',
  async (t) => {
    const { clock, put, remove, evictions, run } = startMissedPodsWorld(t, { evict: true });
    // No controller of this UID exists: nothing creates the pod again.
    for (let index = 0; index < 50; index += 1) {
      put({ name: `fake-${index}`, namespace: 'f', isPullFailing: true, controller: controllerOf(`fake-${index}`) });
    }
    run();
    await clock.advance(41_000);
    t.same(
      evictions.map(({ name }) => name),
      ['fake-0'],
    );
    remove('f/fake-0');
    put({ name: 'app', isPullFailing: true, controller: controllerOf('rs') });
    await clock.advance(17 * MINUTE_MS);
    t.same(
      evictions.map(({ name }) => name),
      ['fake-0', 'app'],
    );
  },
);

t.test('a namespace full of fake controllers does not take the turns of another one', async (t) => {
  const { clock, put, evictions, run } = startMissedPodsWorld(t, { evict: true });
  // Their owner adds the name of the secret to each new pod, so that no eviction fails.
  for (let index = 0; index < 2_000; index += 1) {
    put({ name: `many-${index}`, isPullFailing: true, controller: controllerOf(`many-${index}`) });
  }
  for (const name of ['app-0', 'app-1']) {
    put({ name, namespace: 'b', isPullFailing: true, controller: controllerOf(name) });
  }
  run();
  await clock.advance(3 * MINUTE_MS);
  t.match(new Set(evictions.map(({ name }) => name)), new Set(['app-0', 'app-1']));
});

t.test('pods that change before each eviction do not take the turns of another namespace', async (t) => {
  const { clock, put, remove, evictions, run, restless } = startMissedPodsWorld(t, { evict: true });
  for (let index = 0; index < 50; index += 1) {
    put({ name: `restless-${index}`, isPullFailing: true, controller: controllerOf(`restless-${index}`) });
    restless.add(`a/restless-${index}`);
  }
  put({ name: 'app', namespace: 'b', isPullFailing: true, controller: controllerOf('app') });
  run();
  await clock.advance(3 * MINUTE_MS);
  t.same(
    evictions.map(({ name }) => name),
    ['app'],
  );
  remove('b/app');
});

t.test('a namespace that failed before waits for those that did not', async (t) => {
  const { clock, put, evictions, run, remove } = startMissedPodsWorld(t, { evict: true });
  for (const namespace of 'bcdefghi') {
    for (let index = 0; index < 50; index += 1) {
      const name = `fake-${namespace}-${index}`;
      put({ name, namespace, isPullFailing: true, controller: controllerOf(name), isRecreated: false });
    }
  }
  run();
  await clock.advance(2 * HOUR_MS);
  put({ name: 'app', namespace: 'x', isPullFailing: true, controller: controllerOf('app') });
  const before = evictions.length;
  await clock.advance(16 * MINUTE_MS);
  t.equal(evictions[before]?.name, 'app', 'the next eviction is of the namespace that never failed');
  remove('x/app');
});
