import type { Clock } from './clock.ts';

const TICK_MS = 1_000;

/** Timers of a busy process are late by less. */
const LONGEST_TICK_MS = 2 * TICK_MS;

/**
 * Measures how long something takes, without the time for which this process or its machine stood still, or by which
 * the clock was set: from one tick of a timer to the next, two seconds count at most.
 *
 * @returns a function that ends the measurement and returns the milliseconds
 */
export function startStopwatch(clock: Clock): () => number {
  const ended = new AbortController();
  let countedMs = 0;
  let lastMs = clock.now();
  const count = (): void => {
    const nowMs = clock.now();
    countedMs += Math.min(Math.max(nowMs - lastMs, 0), LONGEST_TICK_MS);
    lastMs = nowMs;
  };
  const tick = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await clock.sleep(TICK_MS, ended.signal);
      count();
    }
  };
  void tick();
  return () => {
    count();
    ended.abort();
    return countedMs;
  };
}
