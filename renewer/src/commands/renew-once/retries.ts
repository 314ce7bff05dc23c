import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { NAMESPACE_CAUSE_AFTER_MS } from '../../pull-secrets/apply/failure-cause.ts';

/** Five attempts outlast a restart of a single API server in most cases, and a busy one in all but a few. */
const ATTEMPTS = 5;

const BACK_OFF: BackOff = { baseMs: 500, capMs: 8_000 };

/** API servers send a Retry-After of seconds; a longer one is left to the next run. */
const LONGEST_RETRY_AFTER_MS = 10_000;

/** Repeats work while its failure is transient. */
export type Retries = <T>(
  work: () => Promise<T>,
  options?: {
    /** No new attempt after it aborts either. */
    readonly signal?: AbortSignal;
    /** Whether admission webhooks may delay the work. */
    readonly isWrite?: boolean;
  },
) => Promise<T>;

/**
 * The next run is hours away, so a failure of some seconds must not end this one.
 *
 * It is not `p-retry`: that one waits by timers of its own, so tests would have to wait too, and it
 * regards neither Retry-After nor the time that an attempt took.
 *
 * @param stop - no new attempt after it aborts
 */
export function createRetries(
  { clock, random }: { readonly clock: Clock; readonly random: () => number },
  stop: AbortSignal,
): Retries {
  return async (work, { signal, isWrite = false } = {}) => {
    const ended = signal ? AbortSignal.any([stop, signal]) : stop;
    for (let attempt = 0; ; attempt++) {
      const startedAtMs = clock.now();
      try {
        return await work();
      } catch (error) {
        const wasDelayed = isWrite && clock.now() - startedAtMs >= NAMESPACE_CAUSE_AFTER_MS;
        if (attempt + 1 >= ATTEMPTS || !isTransient(error, wasDelayed)) throw error;
        await clock.sleep(retryAfterMs(error) + backOffMs(attempt, BACK_OFF, random), ended);
        if (ended.aborted) throw error;
      }
    }
  };
}

/**
 * A conflict is over after another read; a busy or restarting API server recovers. A write that an admission webhook
 * delays for as long as the API server, or a load balancer in front of it, waits would take as long again: it is left
 * to the next run.
 */
function isTransient(error: unknown, wasDelayed: boolean): boolean {
  if (isCodedError(error, 'ECRPS_KUBERNETES_UNREACHABLE')) return true;
  if (!isApiError(error)) return false;
  return error.status === 409 || error.status === 429 || (error.status >= 500 && !wasDelayed);
}

function retryAfterMs(error: unknown): number {
  return isApiError(error) ? Math.min(error.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS) : 0;
}
