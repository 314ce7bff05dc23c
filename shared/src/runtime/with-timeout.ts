import type { Clock } from './clock.ts';

export interface Limit {
  readonly clock: Clock;
  readonly ms: number;
  /** Ends the work early, for a reason of the caller's. */
  readonly signal: AbortSignal | undefined;
  /** What the work fails with when the time is up. */
  readonly timeUp: () => Error;
}

/**
 * Gives work a signal that aborts when the time is up, when the caller's signal does, and at the latest
 * when the work has ended, so that nothing of it stays open.
 *
 * `AbortSignal.any` and `AbortSignal.timeout` say the same in one line, but keep a timer and an entry
 * in the caller's long-lived signal for each request until both are collected.
 */
export async function withTimeout<T>(
  { clock, ms, signal, timeUp }: Limit,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => controller.abort(signal?.reason);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  const expire = async (): Promise<void> => {
    await clock.sleep(ms, controller.signal);
    if (!controller.signal.aborted) controller.abort(timeUp());
  };
  void expire();
  try {
    return await work(controller.signal);
  } finally {
    signal?.removeEventListener('abort', stop);
    controller.abort();
  }
}
