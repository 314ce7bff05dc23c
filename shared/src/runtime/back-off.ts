/** The limits of the waits between attempts. */
export interface BackOff {
  /** The longest first wait. */
  readonly baseMs: number;
  /** The longest wait. */
  readonly capMs: number;
}

/**
 * Full jitter: a random wait between zero and `base × 2^attempt`, capped, so that many clients that
 * failed at the same time do not retry at the same time.
 *
 * @param attempt - the number of failures so far, from 0
 * @param random - a number in [0, 1)
 */
export function backOffMs(attempt: number, { baseMs, capMs }: BackOff, random: () => number): number {
  // 2^30 exceeds every cap in use; the limit keeps the product finite.
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling * random());
}
