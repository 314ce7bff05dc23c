import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t, { type Test } from 'tap';
import type { SlotLimits } from '../../../src/pull-secrets/queue/worker-slots.ts';
import { queueOf, turns } from '../../support/work-queue.ts';

/** A queue that records its keys, and whose work lasts until it is ended or evicted. */
function holding(t: Test, limits: SlotLimits) {
  const clock = createFakeClock();
  const held = new Map<string, () => void>();
  const fails = new Set<string>();
  const begun: string[] = [];
  const queue = queueOf({
    ...limits,
    clock,
    work: async (key, signal) => {
      begun.push(key);
      if (!key.startsWith('slow')) return;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      held.set(key, resolve);
      signal.addEventListener('abort', () => reject(new Error('ended')), { once: true });
      await promise.finally(() => held.delete(key));
      if (fails.has(key)) throw new Error('refused');
    },
  });
  t.teardown(() => held.forEach((end) => end()));
  return { queue, clock, held, begun, fails };
}

function slow(count: number): NonNullable<SlotLimits['slow']> {
  return { afterMs: 300, slots: count, evictAfterMs: 3_000 };
}

t.test('slow keys leave their places to others, and have places of their own later', async (t) => {
  const { queue, clock, held, begun } = holding(t, { concurrency: 2, slow: slow(4) });
  for (const key of ['slow1', 'slow2', 'slow3', 'a']) queue.add(key, 'urgent');
  await clock.advance(299);
  t.same(begun, ['slow1', 'slow2']);
  await clock.advance(1);
  await turns();
  t.same(begun, ['slow1', 'slow2', 'slow3', 'a']);
  await clock.advance(60_000);
  t.same([...held.keys()], ['slow1', 'slow2', 'slow3'], 'no work is evicted while no key waits');
  held.forEach((end) => end());
  await turns();
  for (const key of ['slow1', 'slow2', 'slow3']) queue.add(key, 'urgent');
  queue.add('b', 'routine');
  t.same(begun.splice(4), ['slow1', 'slow2', 'slow3', 'b'], 'none of them takes its place again');
});

t.test('slow keys for which there is no room make room after a while, and come again', async (t) => {
  const { queue, clock, held, begun } = holding(t, { concurrency: 2, slow: slow(1) });
  for (const key of ['slow1', 'slow2', 'slow3']) queue.add(key, 'urgent');
  await clock.advance(10_000);
  t.same([...held.keys()], ['slow1', 'slow2', 'slow3'], 'while no other key waits');
  queue.add('a', 'urgent');
  await turns();
  t.ok(begun.includes('a'));
  t.same([...held.keys()], ['slow1']);
  held.get('slow1')?.();
  await turns();
  t.same([...held.keys()], ['slow2'], 'one after the other, in the one place that there is');
  held.get('slow2')?.();
  await turns();
  held.get('slow3')?.();
  await turns();
  t.equal(held.size, 0);
  t.same(begun, ['slow1', 'slow2', 'slow3', 'a', 'slow2', 'slow3']);
});

type World = ReturnType<typeof holding>;

/** Ends what is worked on, which was slow by then. */
async function endSlow({ clock, held }: World): Promise<void> {
  await clock.advance(300);
  held.forEach((end) => end());
  await turns();
}

/** Has all keys be slow once, and be done. */
async function makeSlow(world: World, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    world.queue.add(key, 'urgent');
    await endSlow(world);
  }
  world.begun.splice(0);
}

t.test('among slow keys the urgent ones come first, and a rotation waits for them', async (t) => {
  const world = holding(t, { concurrency: 2, slow: slow(1) });
  const { queue, begun } = world;
  await makeSlow(world, ['slow1', 'slow2', 'slow3', 'slow4']);
  queue.add('slow1', 'routine');
  t.ok(queue.hasRoom());
  queue.add('slow2', 'routine');
  queue.add('slow3', 'routine');
  t.notOk(queue.hasRoom(), 'or it pours in all that there is');
  queue.add('slow4', 'urgent');
  queue.add('slow3', 'urgent');
  for (let end = 0; end < 4; end++) await endSlow(world);
  t.same(begun, ['slow1', 'slow4', 'slow3', 'slow2']);
  t.ok(queue.hasRoom());
});

t.test('slow keys that fail for ever are in the way of no other, nor of a rotation', async (t) => {
  const world = holding(t, { concurrency: 2, slow: slow(1) });
  const { queue, clock, begun } = world;
  await makeSlow(world, ['slow1', 'slow2', 'slow3', 'slow4']);
  world.fails.add('slow1').add('slow2').add('slow3');
  for (const key of ['slow1', 'slow2', 'slow3']) queue.add(key, 'urgent');
  for (let end = 0; end < 3; end++) await endSlow(world);
  await clock.advance(1_000);
  t.same(begun.splice(0), ['slow1', 'slow2', 'slow3', 'slow1']);
  t.ok(queue.hasRoom(), 'two of them wait for the one place');
  queue.add('slow4', 'routine');
  await endSlow(world);
  t.same(begun, ['slow4']);
});

t.test('a key that is quick again has its place again, and a forgotten one too', async (t) => {
  const { queue, clock, held, begun } = holding(t, { concurrency: 1, slow: slow(1) });
  queue.add('slow1', 'urgent');
  await clock.advance(1_000);
  queue.forget('slow1');
  held.get('slow1')?.();
  await turns();
  queue.add('slow1', 'urgent');
  queue.add('slow2', 'urgent');
  t.same(begun, ['slow1', 'slow1'], 'one place for both');
  held.get('slow1')?.();
  await turns();
  t.same(begun, ['slow1', 'slow1', 'slow2']);
});

t.test('the wait for `ready` makes no key slow', async (t) => {
  const gate = Promise.withResolvers<void>();
  const clock = createFakeClock();
  const begun: string[] = [];
  const queue = queueOf({
    clock,
    concurrency: 1,
    slow: slow(1),
    ready: () => gate.promise,
    work: async (key) => void begun.push(key),
  });
  for (const key of ['a', 'b']) queue.add(key, 'urgent');
  await clock.advance(60_000);
  t.same(begun, []);
  gate.resolve();
  await turns();
  t.same(begun, ['a', 'b']);
});
