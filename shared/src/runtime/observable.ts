import type { Clock } from './clock.ts';

/** A value that others wait on: the latest counts, steps in between may be missed. */
export interface Observable<T> {
  get(): T;
  set(value: T): void;
  /**
   * Resolves when the value is no longer the one that the caller knows (by identity), when the time is
   * up, or when the signal aborts.
   */
  changedFrom(known: T, wait: ObservableWait): Promise<void>;
}

export interface ObservableWait {
  readonly clock: Clock;
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

export function createObservable<T>(initial: T): Observable<T> {
  let current = initial;
  const waiters = new Set<() => void>();
  return {
    get: () => current,
    set: (value) => {
      current = value;
      for (const wake of waiters) wake();
    },
    changedFrom: async (known, { clock, withinMs, signal }) => {
      if (current !== known || signal.aborted) return;
      const timer = new AbortController();
      const wake = (): void => timer.abort();
      waiters.add(wake);
      signal.addEventListener('abort', wake, { once: true });
      await clock.sleep(withinMs, timer.signal);
      signal.removeEventListener('abort', wake);
      waiters.delete(wake);
    },
  };
}

/** Resolves with the first of several waits, and ends the others. */
export async function firstChange(
  wait: ObservableWait,
  changes: readonly ((wait: ObservableWait) => Promise<void>)[],
): Promise<void> {
  if (wait.signal.aborted) return;
  const round = new AbortController();
  const endRound = (): void => round.abort();
  wait.signal.addEventListener('abort', endRound, { once: true });
  await Promise.race(changes.map((change) => change({ ...wait, signal: round.signal })));
  wait.signal.removeEventListener('abort', endRound);
  endRound();
}
