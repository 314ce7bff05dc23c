import { setTimeout as delay } from 'node:timers/promises';

/** Time as a dependency, so that unit tests need not wait. */
export interface Clock {
  /** Wall-clock milliseconds since the epoch, which include the time for which a machine was suspended. */
  now(): number;
  /** Resolves after `ms`, or at once when the signal aborts; it never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : {}).catch(() => undefined);
  },
};
