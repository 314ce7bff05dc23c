import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { NAMESPACE_CAUSE_AFTER_MS } from '../../pull-secrets/apply/failure-cause.ts';

/** Five attempts outlast a restart of a single API server in most cases, and a busy one in all but a few. */
const ATTEMPTS = 5;

const BACK_OFF: BackOff = { baseMs: 500, capMs: 8_000 };

/** API servers ask for seconds; whoever asks for more is left to the next run. */
const LONGEST_ASKED_MS = 10_000;

export interface RetriesOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** No new attempt after it aborts. */
  readonly stop: AbortSignal;
}

/** Does work again while its failure is one that passes. */
export type Retries = <T>(
  work: () => Promise<T>,
  options?: {
    /** No new attempt after it aborts either. */
    readonly signal?: AbortSignal;
    /** Whether admission webhooks of others may hold the work up. */
    readonly isWrite?: boolean;
  },
) => Promise<T>;

/** Nobody comes back to a single run for hours, so what passes within seconds must not end it. */
export function createRetries({ clock, random, stop }: RetriesOptions): Retries {
  return async (work, { signal, isWrite = false } = {}) => {
    const ended = signal ? AbortSignal.any([stop, signal]) : stop;
    for (let attempt = 0; ; attempt++) {
      const beganAtMs = clock.now();
      try {
        return await work();
      } catch (error) {
        const wasHeldUp = isWrite && clock.now() - beganAtMs >= NAMESPACE_CAUSE_AFTER_MS;
        if (attempt + 1 >= ATTEMPTS || !isPassing(error, wasHeldUp)) throw error;
        await clock.sleep(askedMs(error) + backOffMs(attempt, BACK_OFF, random), ended);
        if (ended.aborted) throw error;
      }
    }
  };
}

/**
 * A conflict is over once one has looked again; a busy or restarting API server recovers. What an admission webhook
 * holds up for as long as the API server, or a load balancer before it, waits takes as long again: it is left to the
 * next run.
 */
function isPassing(error: unknown, wasHeldUp: boolean): boolean {
  if (isCodedError(error, 'ECRPS_KUBERNETES_UNREACHABLE')) return true;
  if (!isApiError(error)) return false;
  return error.status === 409 || error.status === 429 || (error.status >= 500 && !wasHeldUp);
}

function askedMs(error: unknown): number {
  return isApiError(error) ? Math.min(error.retryAfterMs ?? 0, LONGEST_ASKED_MS) : 0;
}
