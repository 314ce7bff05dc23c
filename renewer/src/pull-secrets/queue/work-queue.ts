import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { ReconcileLoopDependencies } from '@ecr-pull-secrets/shared/runtime/reconcile-loop.ts';
import { createWorkerSlots, type Priority, type Run, type SlotKind, type SlotLimits } from './worker-slots.ts';

/** The work on a key is done, and is wanted again after a while (controller-runtime's `RequeueAfter`). */
export interface Requeue {
  readonly priority: Priority;
  readonly afterMs: number;
}

export interface WorkQueueSettings {
  readonly slots: SlotLimits;
  /**
   * Works on one key. A rejection, which it has reported, means "retry later". The signal aborts when the queue
   * stops or when the work is evicted; then nothing is to be reported.
   */
  readonly work: (key: string, signal: AbortSignal) => Promise<Requeue | void>;
  /** Delays all work; the time does not make a key slow. */
  readonly ready?: () => Promise<void>;
  /** The back-off of a key that fails again and again, by the reason of the rejection. */
  readonly retry: (error: unknown) => BackOff;
}

/** The order among keys of one kind of slot. */
type Rank = Exclude<SlotKind, 'slow'>;

/** A Set keeps the order of insertion: first in, first out. */
function createWaitingKeys(): Readonly<Record<Rank, Set<string>>> {
  return { urgent: new Set(), failed: new Set(), routine: new Set() };
}

export type WorkQueue = ReturnType<typeof createWorkQueue>;

/**
 * Work by key: each key at most once at a time, and a storm of additions is one piece of work. As client-go's
 * rate-limiting work queue, with two priorities and with slots for slow keys. Why it is ours: decision 0008.
 */
export function createWorkQueue(
  { clock, random }: Pick<ReconcileLoopDependencies, 'clock' | 'random'>,
  settings: WorkQueueSettings,
  signal: AbortSignal,
) {
  const { work, ready, retry } = settings;
  const waiting = createWaitingKeys();
  const waitingSlow = createWaitingKeys();
  const allWaiting = [...Object.values(waiting), ...Object.values(waitingSlow)];
  const slots = createWorkerSlots(clock, settings.slots, startWork, signal);
  const failures = new Map<string, number>();
  const slowKeys = new Set<string>();
  /** At most one timer for each key. */
  const timers = new Map<string, AbortController>();
  const runs = new Set<Promise<void>>();

  /**
   * Adds a key, before all others if it is urgent; a key that is being worked on comes again once afterwards. Keys
   * that failed or were slow last time get no more slots than `SlotLimits` allows, so that they do not delay others.
   * Slow keys that failed come after all other slow ones.
   */
  function add(key: string, priority: Priority): void {
    if (signal.aborted) return;
    stopTimer(key);
    insert(key, failures.has(key) ? 'failed' : priority, slowKeys.has(key));
    startWork();
  }

  /** A key that waits already keeps its turn, unless it is more urgent now. */
  function insert(key: string, rank: Rank, isSlow: boolean): void {
    if (waiting.urgent.has(key) || waitingSlow.urgent.has(key)) return;
    const wanted = (isSlow ? waitingSlow : waiting)[rank];
    for (const keys of allWaiting) if (keys !== wanted) keys.delete(key);
    wanted.add(key);
  }

  async function addAfter(key: string, { priority, afterMs }: Requeue): Promise<void> {
    if (afterMs <= 0) return add(key, priority);
    // If the key was added meanwhile, it is worked on anyway.
    if (signal.aborted || allWaiting.some((keys) => keys.has(key))) return;
    stopTimer(key);
    const timer = new AbortController();
    timers.set(key, timer);
    signal.addEventListener('abort', timer.abort.bind(timer), { once: true, signal: timer.signal });
    await clock.sleep(afterMs, timer.signal);
    if (timers.get(key) === timer) add(key, priority);
  }

  function stopTimer(key: string): void {
    timers.get(key)?.abort();
    timers.delete(key);
  }

  function isAnyWaiting(): boolean {
    return waiting.urgent.size + waiting.routine.size > 0;
  }

  function startWork(): void {
    slots.moveSlow();
    for (const rank of ['urgent', 'routine', 'failed'] as const) {
      startFrom(waitingSlow[rank], rank, 'slow');
    }
    for (const rank of ['urgent', 'failed', 'routine'] as const) {
      startFrom(waiting[rank], rank, rank);
    }
    if (isAnyWaiting() && !slots.isFree('urgent')) slots.evictOverdue();
  }

  function startFrom(keys: Set<string>, rank: Rank, kind: SlotKind): void {
    for (const key of keys) {
      if (signal.aborted || !slots.isFree(kind)) return;
      if (slots.has(key)) continue;
      keys.delete(key);
      const promise = workOn(key, rank, kind).finally(() => runs.delete(promise));
      runs.add(promise);
    }
  }

  async function workOn(key: string, rank: Rank, kind: SlotKind): Promise<void> {
    const run = slots.take(key, kind);
    try {
      if (ready) await ready();
      slots.startTimer(key);
      const requeue = await work(key, run.signal);
      failures.delete(key);
      recordSlowness(key, run);
      if (requeue && !run.isForgotten) void addAfter(key, requeue);
    } catch (error) {
      recordSlowness(key, run);
      if (!run.isEvicted) retryLater(key, error);
      else if (!run.isForgotten) insert(key, rank, true);
    } finally {
      slots.release(key);
      startWork();
    }
  }

  function recordSlowness(key: string, { isSlow, isForgotten }: Run): void {
    if (isSlow && !isForgotten) slowKeys.add(key);
    else slowKeys.delete(key);
  }

  function retryLater(key: string, error: unknown): void {
    const failed = failures.get(key) ?? 0;
    failures.set(key, failed + 1);
    // Its rank will be that of failed keys, whatever the priority here.
    void addAfter(key, { priority: 'urgent', afterMs: backOffMs(failed, retry(error), random) });
  }

  return {
    add,
    /** Whether a key waits for its time to come. */
    isBackingOff: (key: string): boolean => timers.has(key),
    /** Removes a key, with its failures. */
    forget: (key: string): void => {
      stopTimer(key);
      failures.delete(key);
      slowKeys.delete(key);
      slots.forget(key);
      for (const keys of allWaiting) keys.delete(key);
    },
    /** Whether no work waits, apart from keys that failed and urgent ones that were slow. */
    hasRoom: (): boolean => !isAnyWaiting() && waitingSlow.routine.size === 0,
    /** Resolves when no work is running; to be called after the signal aborted, when none starts any more. */
    drained: (): Promise<unknown> => Promise.all(runs),
  };
}
