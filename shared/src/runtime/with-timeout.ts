import type { Clock } from './clock.ts';
import { ENDED } from './ended.ts';

export interface Timeout {
  readonly clock: Clock;
  readonly ms: number;
  /** Ends the work early, with the caller's reason. */
  readonly signal: AbortSignal | undefined;
  /** Creates the error that the work fails with at the timeout. */
  readonly timeUp: () => Error;
}

/**
 * Passes work a signal that aborts at the timeout, with the caller's signal, and at the latest
 * when the work has ended, so that it leaves nothing open.
 *
 * `AbortSignal.any` with `AbortSignal.timeout` would be one line, but retains a timer and an entry
 * in the caller's long-lived signal for each request until both are garbage collected.
 */
export async function withTimeout<T>(
  { clock, ms, signal, timeUp }: Timeout,
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
    controller.abort(ENDED);
  }
}
