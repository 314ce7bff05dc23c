import type { Clock } from './clock.ts';
import { ENDED } from './ended.ts';

/** A value that others wait on. Only the latest value counts: a waiter may miss those in between. */
export interface Observable<T> {
  get(): T;
  set(value: T): void;
  /** Resolves when the value differs from `seen` (by identity), at the timeout, or when the signal aborts. */
  changedFrom(seen: T, wait: ObservableWait): Promise<void>;
}

export interface ObservableWait {
  readonly clock: Clock;
  /** The timeout. */
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

/** Creates an observable with its first value. */
export function createObservable<T>(initial: T): Observable<T> {
  let current = initial;
  const waiters = new Set<() => void>();
  return {
    get: () => current,
    set: (value) => {
      current = value;
      for (const wake of waiters) wake();
    },
    changedFrom: async (seen, wait) => {
      if (current !== seen) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiters.add(resolve);
      await firstChange(wait, [() => promise]);
      waiters.delete(resolve);
    },
  };
}

/** Resolves with the first of the changes, at the timeout, or when the signal aborts; the signal of the others aborts. */
export async function firstChange(
  { clock, withinMs, signal }: ObservableWait,
  changes: readonly ((wait: ObservableWait) => Promise<void>)[],
): Promise<void> {
  if (signal.aborted) return;
  const round = new AbortController();
  const endRound = (): void => round.abort(ENDED);
  signal.addEventListener('abort', endRound, { once: true });
  const wait = { clock, withinMs, signal: round.signal };
  await Promise.race([clock.sleep(withinMs, round.signal), ...changes.map((change) => change(wait))]);
  signal.removeEventListener('abort', endRound);
  endRound();
}
