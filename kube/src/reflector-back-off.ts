import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';

/** Why a list or a watch is over before its time. */
export type WatchFailure =
  /** No answer, or a refusal. */
  | { readonly kind: 'failed' }
  /** A refusal that says when to come back. */
  | { readonly kind: 'busy'; readonly retryAfterMs: number }
  /** A new list is needed. */
  | { readonly kind: 'forgotten' }
  /** A watch was answered and then broke off; nothing is lost, it goes on from where it was. */
  | { readonly kind: 'ended' };

/**
 * A list costs the API server as much as hundreds of watches, and one that is away gets no better by
 * asking, so these waits grow long. To resume a watch is one cheap request, and each wait is time in
 * which news is late.
 */
const BACK_OFF: Readonly<Record<WatchFailure['kind'], BackOff>> = {
  failed: { baseMs: 500, capMs: 30_000 },
  forgotten: { baseMs: 500, capMs: 30_000 },
  busy: { baseMs: 500, capMs: 5_000 },
  ended: { baseMs: 500, capMs: 5_000 },
};

/** API servers ask for seconds. A mistaken answer must not make us blind for longer than this. */
const LONGEST_ASKED_MS = 20_000;

/** How long to wait before the next attempt. */
export interface ReflectorBackOff {
  /** Never more than 30 s. */
  nextMs(trouble: WatchFailure): number;
  /** All is well: the next trouble is the first. */
  reset(): void;
}

/**
 * Full jitter, so that replicas whose watches broke together do not come back together. Each kind of
 * trouble has a count of its own: the list that follows a long absence, since the API server forgot
 * (410), must not wait as long as the absence taught.
 */
export function createReflectorBackOff(random: () => number): ReflectorBackOff {
  const attempts = new Map<WatchFailure['kind'], number>();
  return {
    nextMs: (trouble) => {
      const attempt = attempts.get(trouble.kind) ?? 0;
      attempts.set(trouble.kind, attempt + 1);
      const askedMs =
        trouble.kind === 'busy' ? Math.min(trouble.retryAfterMs, LONGEST_ASKED_MS) : 0;
      return askedMs + backOffMs(attempt, BACK_OFF[trouble.kind], random);
    },
    reset: () => attempts.clear(),
  };
}
