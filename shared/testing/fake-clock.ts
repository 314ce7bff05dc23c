import type { Clock } from '../src/runtime/clock.ts';

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Advances the time and wakes every sleeper that is due, in order. */
  advance(ms: number): Promise<void>;
}

interface Sleeper {
  readonly wakeAt: number;
  readonly wake: () => void;
}

/** Creates a clock that starts at a time. */
export function createFakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let now = startMs;
  const sleepers = new Set<Sleeper>();
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const sleeper: Sleeper = {
          wakeAt: now + ms,
          wake: () => {
            sleepers.delete(sleeper);
            resolve();
          },
        };
        signal?.addEventListener('abort', sleeper.wake, { once: true });
        sleepers.add(sleeper);
      }),
    advance: async (ms) => {
      const end = now + ms;
      await settle();
      for (;;) {
        const next = [...sleepers].toSorted((a, b) => a.wakeAt - b.wakeAt)[0];
        if (!next || next.wakeAt > end) break;
        now = Math.max(now, next.wakeAt);
        next.wake();
        await settle();
      }
      now = end;
      await settle();
    },
  };
}

/** Lets all resolved promises run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
