import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';

/** Why a list or a watch ended early. */
export type WatchFailure =
  /** There was no response, or an error. */
  | { readonly kind: 'failed' }
  /** An error with a Retry-After. */
  | { readonly kind: 'busy'; readonly retryAfterMs: number }
  /** A new list is needed. */
  | { readonly kind: 'relist' }
  /** A watch was open and then broke off; it resumes from its last version, and nothing is lost. */
  | { readonly kind: 'broken' };

/**
 * A list costs the API server as much as hundreds of watches, and more requests do not bring back a server that is
 * away, so these waits grow long. To resume a watch is one cheap request, and events are late by each wait.
 */
const BACK_OFF: Readonly<Record<WatchFailure['kind'], BackOff>> = {
  failed: { baseMs: 500, capMs: 30_000 },
  relist: { baseMs: 500, capMs: 30_000 },
  busy: { baseMs: 500, capMs: 5_000 },
  broken: { baseMs: 500, capMs: 5_000 },
};

/** API servers set a Retry-After of seconds. A mistaken one must not delay events for longer than this. */
const LONGEST_RETRY_AFTER_MS = 20_000;

/**
 * How long to wait before the next attempt. Full jitter, so that replicas whose watches broke together do not come back together. Each kind of failure has a
 * count of its own: the list after a long absence, when the API server has compacted (410), must not wait as long as
 * the attempts during the absence.
 */
export function createReflectorBackOff(random: () => number) {
  const attempts = new Map<WatchFailure['kind'], number>();
  return {
    /** Never more than 30 s. */
    nextMs: (failure: WatchFailure): number => {
      const attempt = attempts.get(failure.kind) ?? 0;
      attempts.set(failure.kind, attempt + 1);
      const retryAfterMs = failure.kind === 'busy' ? Math.min(failure.retryAfterMs, LONGEST_RETRY_AFTER_MS) : 0;
      return retryAfterMs + backOffMs(attempt, BACK_OFF[failure.kind], random);
    },
    /** A watch was steady: the next failure is the first. */
    reset: (): void => attempts.clear(),
  };
}
