import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { isApiError } from './api-error.ts';

/**
 * An API server that restarts is back within seconds and one that is busy says when to come: a longer
 * wait would only be missed by those who need their secret.
 */
const BACK_OFF: BackOff = { baseMs: 1_000, capMs: 10_000 };

/** API servers ask for seconds; a mistaken answer is not to stop everything for longer. */
const LONGEST_ASKED_MS = 30_000;

/** One pause for all who ask the same API server: what fails for one of them fails for the others too. */
export interface ServerPause {
  /** Resolves when there is no pause, or when the signal aborted. */
  over(): Promise<void>;
  /** A request failed by the server's own fault: nobody asks for a while, random and growing. */
  failed(error: unknown): void;
  /** The server did its work: the next failure is the first. */
  answered(): void;
}

export function createServerPause(options: {
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
}): ServerPause {
  const { clock, random, signal } = options;
  let failures = 0;
  /** Pauses that are not over yet; the longest counts. */
  const pauses = new Set<Promise<void>>();

  async function rest(ms: number): Promise<void> {
    const pause = clock.sleep(ms, signal);
    pauses.add(pause);
    await pause;
    pauses.delete(pause);
  }

  return {
    over: async () => {
      while (pauses.size > 0) await Promise.all(pauses);
    },
    failed: (error) => {
      // Requests that were under way together fail together, which is one failure.
      const attempt = pauses.size > 0 ? Math.max(failures - 1, 0) : failures++;
      void rest(askedMs(error) + backOffMs(attempt, BACK_OFF, random));
    },
    answered: () => {
      failures = 0;
    },
  };
}

function askedMs(error: unknown): number {
  return isApiError(error) ? Math.min(error.retryAfterMs ?? 0, LONGEST_ASKED_MS) : 0;
}
