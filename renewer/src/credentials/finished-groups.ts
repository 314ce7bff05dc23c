import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { COLLECT_MS } from './renewal-policy.ts';

/**
 * Works on all items at once, and yields together those that finish at about the same time. A slow one delays no other.
 *
 * @param work - never rejects
 */
export async function* finishedGroups<T>(
  clock: Clock,
  items: readonly T[],
  work: (item: T) => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<readonly T[]> {
  let finished: T[] = [];
  const inFlight = new Map(items.map((item) => [item, work(item).then(() => void finished.push(item))]));
  while (inFlight.size > 0) {
    await Promise.race(inFlight.values());
    const collected = new AbortController();
    const timeUp = clock.sleep(COLLECT_MS, AbortSignal.any([signal, collected.signal]));
    await Promise.race([Promise.all(inFlight.values()), timeUp]);
    collected.abort();
    for (const item of finished) inFlight.delete(item);
    yield finished;
    finished = [];
  }
}
