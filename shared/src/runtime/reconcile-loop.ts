import { type BackOff, backOffMs } from './back-off.ts';
import type { Clock } from './clock.ts';
import type { Logger } from '../logger.ts';
import { firstChange, type Observable, type ObservableWait } from './observable.ts';

/** What a reconcile loop needs of the process that runs it. */
export interface ReconcileLoopDependencies {
  readonly clock: Clock;
  /** A number in [0, 1), for the jitter of the back-off. */
  readonly random: () => number;
  readonly logger: Logger;
}

/** One controller: what it brings about, and when it looks again. */
export interface ReconcileLoop {
  /** The start of its log messages, for example `CA`. */
  readonly name: string;
  /** A change of one of these values reconciles at once. */
  readonly inputs?: readonly Pick<Observable<unknown>, 'get' | 'changedFrom'>[];
  /** The longest time without a reconciliation: a suspended machine or a clock that jumped is noticed then. */
  readonly resyncMs: number;
  /** The wait after a failure. Inputs do not shorten it, so an input that changes all the time costs no more. */
  readonly retry: BackOff;
  /** Whether a failure is expected, such as a conflict with another writer: it is retried without a log line. */
  readonly isExpected?: (error: unknown) => boolean;
  /**
   * Compares the observed with the desired state and closes the difference.
   *
   * @returns milliseconds after which to reconcile again, if that is before the resync
   */
  readonly reconcile: (signal: AbortSignal) => Promise<number | void>;
}

/**
 * Reconciles until the signal aborts: at once, if an input changes, and at the latest after the resync period. A
 * failure is logged and retried after a growing, random wait. It never rejects.
 *
 * The shape is that of controller-runtime's `reconcile.Reconciler` with `RequeueAfter`.
 */
export async function runReconcileLoop(
  { clock, random, logger }: ReconcileLoopDependencies,
  { name, inputs = [], resyncMs, retry, isExpected, reconcile }: ReconcileLoop,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const seen = inputs.map((input) => input.get());
    try {
      const requeueAfterMs = (await reconcile(signal)) ?? resyncMs;
      failures = 0;
      const withinMs = Math.max(0, Math.min(requeueAfterMs, resyncMs));
      const changes = inputs.map((input, index) => (wait: ObservableWait) => input.changedFrom(seen[index], wait));
      await firstChange({ clock, withinMs, signal }, changes);
    } catch (error) {
      if (signal.aborted) return;
      if (!isExpected?.(error)) logger.error({ err: error, failures }, `${name} reconciliation failed`);
      await clock.sleep(backOffMs(failures++, retry, random), signal);
    }
  }
}
