import type { BackOff } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { SlotLimits } from '../../pull-secrets/queue/worker-slots.ts';
import { createWorkQueue } from '../../pull-secrets/queue/work-queue.ts';

/** Work fails here only if it was evicted, and then starts again as soon as there is a slot. */
const AT_ONCE: BackOff = { baseMs: 0, capMs: 0 };

/**
 * Works on several items at a time, those that are slow in slots of their own, and yields the results in the order of
 * the items, each as soon as it and all before it are there.
 *
 * It is not `p-map`: that one has no slots for slow items, so twenty namespaces whose admission webhook does not answer
 * would delay all others.
 *
 * @param work - its signal aborts if it has to make room for others; it is called again then
 */
export async function* mapInOrder<T, R>(
  dependencies: { readonly clock: Clock; readonly random: () => number },
  slots: SlotLimits,
  items: readonly T[],
  work: (item: T, signal: AbortSignal) => Promise<R>,
): AsyncGenerator<R> {
  const jobs = new Map(items.map((item, index) => [String(index), { item, result: Promise.withResolvers<R>() }]));
  const run = async (key: string, signal: AbortSignal): Promise<void> => {
    const job = jobs.get(key);
    if (!job) return;
    try {
      job.result.resolve(await work(job.item, signal));
    } catch (error) {
      if (signal.aborted) throw error;
      job.result.reject(error);
    }
  };
  const { signal } = new AbortController();
  const queue = createWorkQueue(dependencies, { slots, work: run, retry: () => AT_ONCE }, signal);
  for (const key of jobs.keys()) queue.add(key, 'routine');
  for (const { result } of jobs.values()) yield await result.promise;
  await queue.drained();
}
