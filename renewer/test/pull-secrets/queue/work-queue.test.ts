import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t from 'tap';
import { queueOf, turns } from '../../support/work-queue.ts';

t.test('urgent work overtakes routine work', async (t) => {
  const order: string[] = [];
  const queue = queueOf({
    concurrency: 1,
    work: async (key) => {
      order.push(key);
      await turns(1);
    },
  });
  for (const key of ['r1', 'r2', 'r3']) queue.add(key, 'routine');
  queue.add('r3', 'urgent');
  queue.add('u', 'urgent');
  queue.add('u', 'routine');
  await turns(20);
  t.same(order, ['r1', 'r3', 'u', 'r2']);
});

t.test('a storm of additions is one piece of work, and one more for what came meanwhile', async (t) => {
  const started: string[] = [];
  const gate = Promise.withResolvers<void>();
  const queue = queueOf({
    work: async (key) => {
      started.push(key);
      await gate.promise;
    },
  });
  for (let i = 0; i < 100; i++) queue.add('a', 'urgent');
  t.same(started, ['a']);
  gate.resolve();
  await turns();
  t.same(started, ['a', 'a']);
});

t.test('work is bounded, in the order of addition, and a key never runs twice at once', async (t) => {
  let running = 0;
  let most = 0;
  const order: string[] = [];
  const queue = queueOf({
    concurrency: 2,
    work: async (key) => {
      order.push(key);
      most = Math.max(most, ++running);
      await turns(1);
      running--;
    },
  });
  for (const key of ['a', 'b', 'c', 'd', 'a']) queue.add(key, 'urgent');
  await turns(20);
  t.equal(most, 2);
  t.same(order, ['a', 'b', 'c', 'd', 'a']);
});

t.test('a key that fails comes again after growing waits, and others go on', async (t) => {
  const clock = createFakeClock();
  const triedAtMs: number[] = [];
  let others = 0;
  const startMs = clock.now();
  const queue = queueOf({
    clock,
    work: async (key) => {
      if (key === 'good') return void others++;
      triedAtMs.push(clock.now() - startMs);
      throw new Error('refused');
    },
  });
  queue.add('bad', 'urgent');
  queue.add('good', 'urgent');
  await clock.advance(7_000);
  t.same(triedAtMs, [0, 1_000, 3_000, 7_000]);
  t.equal(others, 1);
});

t.test('the error decides how long a key waits, and the key comes again with no more hurry than before', async (t) => {
  const clock = createFakeClock();
  const order: string[] = [];
  const startMs = clock.now();
  const queue = queueOf({
    clock,
    concurrency: 1,
    retry: (error) => {
      const capMs = error instanceof RangeError ? 4_000 : 2_000;
      return { baseMs: capMs, capMs };
    },
    work: async (key) => {
      order.push(`${key}@${clock.now() - startMs}`);
      await clock.sleep(1_000);
      if (order.length > 3) return;
      throw key === 'slow' ? new RangeError('refused') : new Error('away');
    },
  });
  queue.add('slow', 'routine');
  queue.add('a', 'routine');
  queue.add('b', 'urgent');
  await clock.advance(10_000);
  t.same(order, ['slow@0', 'b@1000', 'a@2000', 'b@4000', 'slow@5000', 'a@6000']);
});

t.test('a key that fails has one retry waiting, even if it is added often', async (t) => {
  const clock = createFakeClock();
  let tries = 0;
  const queue = queueOf({
    clock,
    retry: () => ({ baseMs: 3_600_000, capMs: 3_600_000 }),
    work: async () => {
      tries++;
      throw new Error('refused');
    },
  });
  for (let event = 0; event < 24; event++) {
    queue.add('bad', 'urgent');
    await turns();
  }
  t.equal(tries, 24);
  await clock.advance(24 * 3_600_000);
  t.equal(tries, 48, 'one an hour, not 24 an hour');
});

t.test('a key that is requeued waits, unless it is added sooner', async (t) => {
  const clock = createFakeClock();
  const startMs = clock.now();
  const triedAtMs: number[] = [];
  const queue = queueOf({
    clock,
    work: async () => {
      triedAtMs.push(clock.now() - startMs);
      const afterMs = [5_000, 60_000][triedAtMs.length - 1];
      return afterMs === undefined ? undefined : { priority: 'urgent', afterMs };
    },
  });
  queue.add('a', 'urgent');
  await clock.advance(1_000);
  t.ok(queue.isBackingOff('a'));
  await clock.advance(9_000);
  t.same(triedAtMs, [0, 5_000]);
  queue.add('a', 'urgent');
  await clock.advance(120_000);
  t.same(triedAtMs, [0, 5_000, 10_000]);
});

t.test('a key that is forgotten waits for nothing and never failed', async (t) => {
  const clock = createFakeClock();
  const startMs = clock.now();
  const triedAtMs: number[] = [];
  const queue = queueOf({
    clock,
    work: async () => {
      triedAtMs.push(clock.now() - startMs);
      throw new Error('refused');
    },
  });
  queue.add('a', 'urgent');
  await clock.advance(10_000);
  t.same(triedAtMs, [0, 1_000, 3_000, 7_000]);
  queue.forget('a');
  await clock.advance(90_000);
  t.same(triedAtMs.splice(0), [0, 1_000, 3_000, 7_000]);
  queue.add('a', 'urgent');
  await clock.advance(1_000);
  t.same(triedAtMs, [100_000, 101_000], 'its first failure is the first');
});

t.test('keys that failed get half of the workers, and others do not wait for them', async (t) => {
  const clock = createFakeClock();
  const running = new Set<string>();
  const gate = Promise.withResolvers<void>();
  let isFirst = true;
  const queue = queueOf({
    clock,
    concurrency: 4,
    work: async (key) => {
      if (isFirst) throw new Error('refused');
      running.add(key);
      await gate.promise;
    },
  });
  for (const key of ['a', 'b', 'c', 'd', 'e']) queue.add(key, 'urgent');
  await turns();
  isFirst = false;
  await clock.advance(1_000);
  t.same([...running], ['a', 'b']);
  t.ok(queue.hasRoom(), 'a rotation goes on meanwhile');
  queue.add('routine', 'routine');
  queue.add('new', 'urgent');
  t.same([...running], ['a', 'b', 'routine', 'new']);
  gate.resolve();
  await turns();
  t.equal(running.size, 7);
});

t.test('after the signal no work starts, and the queue is drained when the last one ended', async (t) => {
  const stop = new AbortController();
  const gate = Promise.withResolvers<void>();
  const started: string[] = [];
  const queue = queueOf({
    concurrency: 1,
    signal: stop.signal,
    work: async (key) => {
      started.push(key);
      await gate.promise;
    },
  });
  queue.add('a', 'urgent');
  queue.add('b', 'urgent');
  stop.abort();
  queue.add('c', 'urgent');
  const stopped = queue.drained();
  gate.resolve();
  await stopped;
  t.same(started, ['a']);
});
