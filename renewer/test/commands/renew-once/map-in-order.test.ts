import { setImmediate } from 'node:timers/promises';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t from 'tap';
import { unlessAborted } from '@ecr-pull-secrets/shared/runtime/unless-aborted.ts';
import { mapInOrder } from '../../../src/commands/renew-once/map-in-order.ts';

const SLOTS = { concurrency: 2, slow: { afterMs: 300, slots: 2, evictAfterMs: 3_000 } };

t.test('results come in order while the work overlaps, within its limit', async (t) => {
  const finish = new Map<number, () => void>();
  const yielded: number[] = [];
  const work = (item: number): Promise<number> => new Promise((resolve) => finish.set(item, () => resolve(item)));
  const clock = createFakeClock();
  const collecting = (async () => {
    const results = mapInOrder({ clock, random: () => 1 }, SLOTS, [1, 2, 3, 4], work);
    for await (const item of results) yielded.push(item);
  })();
  t.same([...finish.keys()], [1, 2]);
  finish.get(2)?.();
  await setImmediate();
  t.same([...finish.keys()], [1, 2, 3], 'one that is slow delays no other');
  await clock.advance(300);
  t.same([...finish.keys()], [1, 2, 3, 4], 'nor do two');
  t.same(yielded, []);
  finish.get(1)?.();
  await setImmediate();
  t.same(yielded, [1, 2]);
  finish.get(3)?.();
  finish.get(4)?.();
  await collecting;
  t.same(yielded, [1, 2, 3, 4]);
});

t.test('work that had to make room for others is repeated', async (t) => {
  const clock = createFakeClock();
  const begun: number[] = [];
  const work = async (item: number, signal: AbortSignal): Promise<number> => {
    begun.push(item);
    if (item < 4) await unlessAborted(clock.sleep(5_000), signal);
    return item;
  };
  const yielded: number[] = [];
  const slow = { ...SLOTS.slow, slots: 1 };
  const collecting = (async () => {
    const results = mapInOrder({ clock, random: () => 1 }, { ...SLOTS, slow }, [1, 2, 3, 4], work);
    for await (const item of results) yielded.push(item);
  })();
  await clock.advance(20_000);
  await collecting;
  t.same(begun, [1, 2, 3, 4, 2]);
  t.same(yielded, [1, 2, 3, 4]);
});
