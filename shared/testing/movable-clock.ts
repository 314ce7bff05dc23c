import type { Clock } from '../src/runtime/clock.ts';

/** The clock of the machine, which a test can set forward, for real connections at another time. */
export interface MovableClock extends Clock {
  /** Sets the clock forward at once, as after a machine was suspended, and wakes every sleeper that is due. */
  move(ms: number): void;
}

/** @param machineNow - the time of the machine, to which the offset of the clock is added */
export function createMovableClock(machineNow: () => number = Date.now): MovableClock {
  let aheadMs = 0;
  const sleepers = new Set<() => void>();
  const now = (): number => machineNow() + aheadMs;
  return {
    now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const wakeAtMs = now() + ms;
        let timer: NodeJS.Timeout;
        const wake = (): void => {
          clearTimeout(timer);
          sleepers.delete(lookAtClock);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const lookAtClock = (): void => {
          clearTimeout(timer);
          const leftMs = wakeAtMs - now();
          if (leftMs <= 0) wake();
          else timer = setTimeout(lookAtClock, leftMs);
        };
        sleepers.add(lookAtClock);
        signal?.addEventListener('abort', wake, { once: true });
        lookAtClock();
      }),
    move: (ms) => {
      aheadMs += ms;
      for (const lookAtClock of sleepers) lookAtClock();
    },
  };
}
