import { setTimeout as delay } from 'node:timers/promises';

/** Time as a dependency, so that tests of pure logic need no waiting. */
export interface Clock {
  /** Wall-clock milliseconds since the epoch: suspended machines and jumped clocks are seen. */
  now(): number;
  /** Resolves after `ms`, or at once when the signal aborts; it never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : {}).catch(() => undefined);
  },
};
