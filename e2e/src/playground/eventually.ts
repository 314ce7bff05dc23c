import { setTimeout as delay } from 'node:timers/promises';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';

const POLL_INTERVAL_MS = 50;
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
  const endMs = Date.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() >= endMs) {
        const message = `${what}: not within ${withinMs} ms: ${describeError(error)}`;
        throw new Error(message, { cause: error });
      }
      await delay(POLL_INTERVAL_MS);
    }
  }
}
