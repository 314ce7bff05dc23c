import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import { createWorkQueue, type WorkQueue, type WorkQueueSettings } from '../../src/pull-secrets/queue/work-queue.ts';
import type { SlotLimits } from '../../src/pull-secrets/queue/worker-slots.ts';

type Options = Partial<SlotLimits & Omit<WorkQueueSettings, 'slots'>> & {
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
};

/** A work queue of ten slots, without jitter, in a time that does not pass. */
export function queueOf({
  clock = createFakeClock(),
  signal = new AbortController().signal,
  concurrency = 10,
  slow,
  work = async () => undefined,
  retry = () => ({ baseMs: 1_000, capMs: 300_000 }),
  ready,
}: Options): WorkQueue {
  const slots = { concurrency, ...(slow ? { slow } : {}) };
  const settings = { slots, work, retry, ...(ready ? { ready } : {}) };
  return createWorkQueue({ clock, random: () => 1 }, settings, signal);
}

/** Lets everything that is already resolved run. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
