import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { ENDED } from '@ecr-pull-secrets/shared/runtime/ended.ts';

export type Priority = 'urgent' | 'routine';

/** Why a key is worked on, which decides the slot that it takes. */
export type SlotKind = Priority | 'failed' | 'slow';

/** How many keys are worked on at once. */
export interface SlotLimits {
  /** Keys that failed last time take half of them at most. */
  readonly concurrency: number;
  /** What happens to slow work; it is treated like all other work if this is absent. */
  readonly slow?: {
    /** After this long a key is slow: it moves to a slot for slow keys, if one is free, and frees its own. */
    readonly afterMs: number;
    /** How many slots slow keys have in addition. A key that was slow last time starts there. */
    readonly slots: number;
    /** After this long work in an ordinary slot is aborted if others wait for it, and starts again in a slow slot. */
    readonly evictAfterMs: number;
  };
}

/** The work on one key while it runs. */
export interface Run {
  /** Aborts when the work has to end, and when it has ended. */
  readonly signal: AbortSignal;
  readonly isSlow: boolean;
  /** Whether it was aborted because others wait. */
  readonly isEvicted: boolean;
  /** Whether the key was forgotten meanwhile. */
  readonly isForgotten: boolean;
}

type RunState = { -readonly [K in keyof Run]: Run[K] } & {
  readonly end: AbortController;
  kind: SlotKind;
  isOverdue: boolean;
};

/**
 * The slots in which keys are worked on.
 *
 * @param onChange - called if a key becomes slow or overdue
 */
export function createWorkerSlots(
  clock: Clock,
  { concurrency, slow }: SlotLimits,
  onChange: () => void,
  signal: AbortSignal,
) {
  const runs = new Map<string, RunState>();

  function isFree(kind: SlotKind): boolean {
    const kinds = [...runs.values()].map((run) => run.kind);
    const slowRuns = kinds.filter((each) => each === 'slow').length;
    if (kind === 'slow') return slow !== undefined && slowRuns < slow.slots;
    if (kinds.length - slowRuns >= concurrency) return false;
    if (kind !== 'failed') return true;
    return kinds.filter((each) => each === 'failed').length < Math.ceil(concurrency / 2);
  }

  async function watchTime(run: RunState): Promise<void> {
    if (!slow) return;
    await clock.sleep(slow.afterMs, run.signal);
    if (run.signal.aborted) return;
    run.isSlow = true;
    onChange();
    await clock.sleep(slow.evictAfterMs - slow.afterMs, run.signal);
    if (run.signal.aborted) return;
    run.isOverdue = true;
    onChange();
  }

  return {
    has: (key: string): boolean => runs.has(key),
    isFree,
    take: (key: string, kind: SlotKind): Run => {
      const end = new AbortController();
      const flags = { isSlow: false, isOverdue: false, isEvicted: false, isForgotten: false };
      const run: RunState = { ...flags, end, signal: end.signal, kind };
      const stop = (): void => end.abort(signal.reason);
      signal.addEventListener('abort', stop, { once: true, signal: end.signal });
      runs.set(key, run);
      return run;
    },
    /** Starts the time after which the work is slow. */
    startTimer: (key: string): void => {
      const run = runs.get(key);
      if (run) void watchTime(run);
    },
    release: (key: string): void => {
      runs.get(key)?.end.abort(ENDED);
      runs.delete(key);
    },
    forget: (key: string): void => {
      const run = runs.get(key);
      if (run) run.isForgotten = true;
    },
    /** Moves slow keys from ordinary slots to free slow ones. */
    moveSlow: (): void => {
      for (const run of runs.values()) {
        if (run.isSlow && run.kind !== 'slow' && isFree('slow')) run.kind = 'slow';
      }
    },
    /** Aborts the work of slow keys in ordinary slots. */
    evictOverdue: (): void => {
      for (const run of runs.values()) {
        if (!run.isOverdue || run.kind === 'slow') continue;
        run.isEvicted = true;
        run.end.abort();
      }
    },
  };
}
