import { setTimeout as delay } from 'node:timers/promises';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';

const SHORTEST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;

/**
 * A check costs up to 20 ms of CPU, so that twenty a second would be a third of a core for each test that
 * waits. With this share a wait becomes at most a tenth longer.
 */
const PAUSE_SHARE = 0.1;

const DEFAULT_WITHIN_MS = 30_000;

/**
 * Tries until a check no longer throws, and returns what it returned.
 *
 * @param what - what is waited for, as a sentence: it begins the error
 * @throws with the check's last error, when the time is over
 */
export async function eventually<T>(
  what: string,
  check: () => Promise<T> | T,
  withinMs: number = DEFAULT_WITHIN_MS,
): Promise<T> {
  const startMs = Date.now();
  for (;;) {
    try {
      return await check();
    } catch (error) {
      const waitedMs = Date.now() - startMs;
      if (waitedMs >= withinMs) {
        const message = `${what}: not within ${withinMs} ms: ${describeError(error)}`;
        throw new Error(message, { cause: error });
      }
      const pauseMs = Math.max(waitedMs * PAUSE_SHARE, SHORTEST_PAUSE_MS);
      await delay(Math.min(pauseMs, LONGEST_PAUSE_MS));
    }
  }
}
