import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import {
  createWorkerSlots,
  type Kind,
  type SlotLimits,
  type Priority,
  type Run,
} from './worker-slots.ts';

export interface WorkQueueOptions extends SlotLimits {
  /**
   * Does one key's work; a rejection, already reported, means "try again later". The signal aborts when the
   * queue stops or when the work has to make room; then nothing is to be reported.
   */
  readonly work: (key: string, signal: AbortSignal) => Promise<void>;
  /** What all work waits for; it does not make a key slow. */
  readonly ready?: () => Promise<void>;
  /** Waits of a key that fails again and again, by what its work was rejected with. */
  readonly retry: (error: unknown) => BackOff;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/** Work keyed by name: each key at most once at a time, and a storm of additions is one piece of work. */
export interface WorkQueue {
  /**
   * Asks for a key's work soon, urgent keys before all others; a key that is being worked on comes
   * again once afterwards. Keys that failed or were slow last time get no more places than `SlotLimits` says: that
   * may take long, and is not to be in the way of others. Slow keys that failed come after all other slow ones.
   */
  add(key: string, priority: Priority): void;
  /** Asks for a key's work after a while, unless somebody asks for it sooner. */
  addLater(key: string, priority: Priority, ms: number): void;
  /** Whether a key waits for its time to come. */
  isBackingOff(key: string): boolean;
  /** Nothing is asked of the key any more, and it never failed. */
  forget(key: string): void;
  /** Whether there is no work that nobody does yet, apart from keys that failed and urgent ones that were slow. */
  hasRoom(): boolean;
  /** Resolves when no work is running; of use after the signal aborted, when none starts any more. */
  stopped(): Promise<void>;
}

/** Who comes before whom. */
type Rank = Exclude<Kind, 'slow'>;

/** A Set keeps the order of insertion: first come, first served. */
type WaitingLines = Readonly<Record<Rank, Set<string>>>;

function createLines(): WaitingLines {
  return { urgent: new Set(), failed: new Set(), routine: new Set() };
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { work, ready, clock, random, signal } = options;
  const waiting = createLines();
  const waitingSlow = createLines();
  const lines = [...Object.values(waiting), ...Object.values(waitingSlow)];
  const places = createWorkerSlots({ ...options, changed: startWork });
  const failures = new Map<string, number>();
  const slowKeys = new Set<string>();
  /** At most one timer for each key; whatever comes earlier takes its place. */
  const timers = new Map<string, AbortController>();
  const runs = new Set<Promise<void>>();

  function add(key: string, priority: Priority): void {
    if (signal.aborted) return;
    stopTimer(key);
    line(key, failures.has(key) ? 'failed' : priority, slowKeys.has(key));
    startWork();
  }

  /** A key that waits already keeps its turn, unless it is more urgent now. */
  function line(key: string, rank: Rank, isSlow: boolean): void {
    if (waiting.urgent.has(key) || waitingSlow.urgent.has(key)) return;
    const wanted = (isSlow ? waitingSlow : waiting)[rank];
    for (const keys of lines) if (keys !== wanted) keys.delete(key);
    wanted.add(key);
  }

  async function addLater(key: string, priority: Priority, ms: number): Promise<void> {
    // Something new about the key came meanwhile: it is worked on anyway.
    if (signal.aborted || lines.some((keys) => keys.has(key))) return;
    stopTimer(key);
    const timer = new AbortController();
    timers.set(key, timer);
    signal.addEventListener('abort', timer.abort.bind(timer), { once: true, signal: timer.signal });
    await clock.sleep(ms, timer.signal);
    if (timers.get(key) === timer) add(key, priority);
  }

  function stopTimer(key: string): void {
    timers.get(key)?.abort();
    timers.delete(key);
  }

  function isAnyoneWaiting(): boolean {
    return waiting.urgent.size + waiting.routine.size > 0;
  }

  function startWork(): void {
    places.moveSlow();
    for (const rank of ['urgent', 'routine', 'failed'] as const) {
      startFrom(waitingSlow[rank], rank, 'slow');
    }
    for (const rank of ['urgent', 'failed', 'routine'] as const) {
      startFrom(waiting[rank], rank, rank);
    }
    if (isAnyoneWaiting() && !places.isFree('urgent')) places.evictOverdue();
  }

  function startFrom(keys: Set<string>, rank: Rank, kind: Kind): void {
    for (const key of keys) {
      if (signal.aborted || !places.isFree(kind)) return;
      if (places.has(key)) continue;
      keys.delete(key);
      const promise = workOn(key, rank, kind).finally(() => runs.delete(promise));
      runs.add(promise);
    }
  }

  async function workOn(key: string, rank: Rank, kind: Kind): Promise<void> {
    const run = places.take(key, kind);
    try {
      if (ready) await ready();
      places.watch(key);
      await work(key, run.signal);
      failures.delete(key);
      remember(key, run);
    } catch (error) {
      remember(key, run);
      if (!run.isEvicted) fail(key, error);
      else if (!run.isForgotten) line(key, rank, true);
    } finally {
      places.leave(key);
      startWork();
    }
  }

  function remember(key: string, { isSlow, isForgotten }: Run): void {
    if (isSlow && !isForgotten) slowKeys.add(key);
    else slowKeys.delete(key);
  }

  function fail(key: string, error: unknown): void {
    const failed = failures.get(key) ?? 0;
    failures.set(key, failed + 1);
    // It is one that failed by then, whatever is asked for.
    void addLater(key, 'urgent', backOffMs(failed, options.retry(error), random));
  }

  return {
    add,
    addLater: (key, priority, ms) => void addLater(key, priority, ms),
    isBackingOff: (key) => timers.has(key),
    forget: (key) => {
      stopTimer(key);
      failures.delete(key);
      slowKeys.delete(key);
      places.forget(key);
      for (const keys of lines) keys.delete(key);
    },
    hasRoom: () => !isAnyoneWaiting() && waitingSlow.routine.size === 0,
    stopped: async () => {
      await Promise.all(runs);
    },
  };
}
