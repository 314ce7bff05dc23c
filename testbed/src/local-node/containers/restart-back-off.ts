/** How long a container that exits again and again waits. */
export interface RestartBackOffOptions {
  /** The first wait that is not zero. */
  readonly baseMs: number;
  /** No wait is longer. */
  readonly capMs: number;
}

/** kubelet's own: 10 s, doubled up to 5 minutes (`MaxContainerBackOff`). */
export const KUBELET_BACK_OFF: RestartBackOffOptions = { baseMs: 10_000, capMs: 300_000 };

/** The memory of one container's restarts. */
export interface RestartBackOff {
  /** How long the container must wait from the instant at which it finished. */
  waitMs(finishedAt: number): number;
  /** Notes that it starts again after the exit at `finishedAt`. */
  restarted(finishedAt: number, now: number): void;
}

/**
 * The first restart comes at once, the next after `baseMs`, each later one after twice as long; a
 * container that ran for twice the cap counts as well again.
 * Source: `doBackOff` of kubelet and client-go `util/flowcontrol/backoff.go`.
 */
export function createRestartBackOff({ baseMs, capMs }: RestartBackOffOptions): RestartBackOff {
  let currentMs = 0;
  let updatedAt = 0;
  const isForgotten = (finishedAt: number): boolean => finishedAt - updatedAt > capMs * 2;
  return {
    waitMs: (finishedAt) => (isForgotten(finishedAt) ? 0 : currentMs),
    restarted: (finishedAt, now) => {
      const again = currentMs > 0 && !isForgotten(finishedAt);
      currentMs = again ? Math.min(currentMs * 2, capMs) : baseMs;
      updatedAt = now;
    },
  };
}
