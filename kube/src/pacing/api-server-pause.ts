import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { isApiError } from '../api-error.ts';

/**
 * An API server that restarts is back within seconds, and a busy one says when to come back. A longer wait would only
 * delay the namespaces that need their secret.
 */
const BACK_OFF: BackOff = { baseMs: 1_000, capMs: 10_000 };

/** API servers set a Retry-After of seconds. A mistaken one must not stop everything for longer than this. */
const LONGEST_RETRY_AFTER_MS = 30_000;

export type ApiServerPause = ReturnType<typeof createApiServerPause>;

/** One pause for all callers of one API server: its failure is the same for all of them. */
export function createApiServerPause(
  { clock, random }: { readonly clock: Clock; readonly random: () => number },
  signal: AbortSignal,
) {
  let failures = 0;
  /** Pauses that are not over yet; the longest counts. */
  const pauses = new Set<Promise<void>>();

  async function pause(ms: number): Promise<void> {
    const sleeping = clock.sleep(ms, signal);
    pauses.add(sleeping);
    await sleeping;
    pauses.delete(sleeping);
  }

  return {
    /** Resolves when there is no pause, or when the signal aborted. */
    ended: async (): Promise<void> => {
      while (pauses.size > 0) await Promise.all(pauses);
    },
    /** A request failed because of the server: starts a pause, which is random and grows. */
    failed: (error: unknown): void => {
      // Requests that were in flight together fail together, which is one failure.
      const attempt = pauses.size > 0 ? Math.max(failures - 1, 0) : failures++;
      void pause(retryAfterMsOf(error) + backOffMs(attempt, BACK_OFF, random));
    },
    /** The server did its work: the next failure is the first. */
    succeeded: (): void => {
      failures = 0;
    },
  };
}

function retryAfterMsOf(error: unknown): number {
  return isApiError(error) ? Math.min(error.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS) : 0;
}
