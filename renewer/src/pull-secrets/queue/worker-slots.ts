import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';

export type Priority = 'urgent' | 'routine';

/** The kind of place that a key’s work has. */
export type Kind = Priority | 'failed' | 'slow';

/** How many keys are worked on at once. */
export interface SlotLimits {
  /** Of those that failed last time half as many at most. */
  readonly concurrency: number;
  /** What is done about work that takes long; nothing if absent. */
  readonly slow?: {
    /** From then on a key is slow: it has a slow key’s place, if there is one, and another key has its own. */
    readonly afterMs: number;
    /** How many slow keys are worked on besides. A key that was slow last time begins there. */
    readonly places: number;
    /** From then on its work is given up where others wait for its place, and begins anew in a slow key’s. */
    readonly evictAfterMs: number;
  };
}

/** One key’s work while it is done. */
export interface Run {
  /** Aborts when the work has to end, and when it has ended. */
  readonly signal: AbortSignal;
  readonly isSlow: boolean;
  /** Whether it had to end because others wait. */
  readonly isEvicted: boolean;
  /** Whether the key is not needed any more. */
  readonly isForgotten: boolean;
}

/** The places in which keys are worked on. */
export interface WorkerSlots {
  has(key: string): boolean;
  isFree(kind: Kind): boolean;
  take(key: string, kind: Kind): Run;
  /** From now on the work’s time counts. */
  watch(key: string): void;
  leave(key: string): void;
  forget(key: string): void;
  /** Gives slow keys the places that are theirs, as long as there are any. */
  moveSlow(): void;
  /** Ends the work of slow keys in others’ places. */
  evictOverdue(): void;
}

interface State extends Run {
  readonly end: AbortController;
  kind: Kind;
  isSlow: boolean;
  isOverdue: boolean;
  isEvicted: boolean;
  isForgotten: boolean;
}

const NEW = { isSlow: false, isOverdue: false, isEvicted: false, isForgotten: false };

export function createWorkerSlots({
  concurrency,
  slow,
  clock,
  signal,
  changed,
}: SlotLimits & {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called if a key becomes slow or overdue. */
  readonly changed: () => void;
}): WorkerSlots {
  const runs = new Map<string, State>();

  function isFree(kind: Kind): boolean {
    const kinds = [...runs.values()].map((each) => each.kind);
    const slowRuns = kinds.filter((each) => each === 'slow').length;
    if (kind === 'slow') return slow !== undefined && slowRuns < slow.places;
    if (kinds.length - slowRuns >= concurrency) return false;
    if (kind !== 'failed') return true;
    return kinds.filter((each) => each === 'failed').length < Math.ceil(concurrency / 2);
  }

  async function watch(run: State): Promise<void> {
    if (!slow) return;
    await clock.sleep(slow.afterMs, run.signal);
    if (run.signal.aborted) return;
    run.isSlow = true;
    changed();
    await clock.sleep(slow.evictAfterMs - slow.afterMs, run.signal);
    if (run.signal.aborted) return;
    run.isOverdue = true;
    changed();
  }

  return {
    has: (key) => runs.has(key),
    isFree,
    take: (key, kind) => {
      const end = new AbortController();
      const run: State = { ...NEW, end, signal: end.signal, kind };
      const stop = (): void => end.abort(signal.reason);
      signal.addEventListener('abort', stop, { once: true, signal: end.signal });
      runs.set(key, run);
      return run;
    },
    watch: (key) => {
      const run = runs.get(key);
      if (run) void watch(run);
    },
    leave: (key) => {
      runs.get(key)?.end.abort();
      runs.delete(key);
    },
    forget: (key) => {
      const run = runs.get(key);
      if (run) run.isForgotten = true;
    },
    moveSlow: () => {
      for (const run of runs.values()) {
        if (run.isSlow && run.kind !== 'slow' && isFree('slow')) run.kind = 'slow';
      }
    },
    evictOverdue: () => {
      for (const run of runs.values()) {
        if (!run.isOverdue || run.kind === 'slow') continue;
        run.isEvicted = true;
        run.end.abort();
      }
    },
  };
}
