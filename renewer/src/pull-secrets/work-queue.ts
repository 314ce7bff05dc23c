import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/back-off.ts';
import type { Clock } from '@ecr-pull-secrets/shared/clock.ts';

export type Priority = 'urgent' | 'routine';

export interface WorkQueueOptions {
  /** Does one key's work; a rejection, already reported, means "try again later". */
  readonly work: (key: string) => Promise<void>;
  /** How many keys are worked on at once. */
  readonly concurrency: number;
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
   * again once afterwards. Keys that failed last time get half of the workers at most: failing may
   * take long, and is not to be in the way of others.
   */
  add(key: string, priority: Priority): void;
  /** Asks for a key's work after a while, unless somebody asks for it sooner. */
  addLater(key: string, priority: Priority, ms: number): void;
  /** Whether a key waits for its time to come. */
  isBackingOff(key: string): boolean;
  /** Nothing is asked of the key any more, and it never failed. */
  forget(key: string): void;
  /** Whether there is no work that nobody does yet, apart from keys that failed. */
  hasRoom(): boolean;
  /** Resolves when no work is running; of use after the signal aborted, when none starts any more. */
  stopped(): Promise<void>;
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { work, concurrency, clock, random, signal } = options;
  // A Set keeps the order of insertion: first come, first served.
  const waiting = {
    urgent: new Set<string>(),
    doubtful: new Set<string>(),
    routine: new Set<string>(),
  };
  const running = new Set<string>();
  const mostDoubtful = Math.ceil(concurrency / 2);
  let doubtfulRunning = 0;
  const failures = new Map<string, number>();
  /** At most one timer for each key; whatever comes earlier takes its place. */
  const timers = new Map<string, AbortController>();
  const runs = new Set<Promise<void>>();

  function add(key: string, priority: Priority): void {
    if (signal.aborted) return;
    stopTimer(key);
    if (failures.has(key)) waiting.doubtful.add(key);
    else if (priority === 'urgent') waiting.routine.delete(key);
    if (!waiting.doubtful.has(key) && !waiting.urgent.has(key)) waiting[priority].add(key);
    startWork();
  }

  async function addLater(key: string, priority: Priority, ms: number): Promise<void> {
    // Something new about the key came meanwhile: it is worked on anyway.
    if (signal.aborted || Object.values(waiting).some((keys) => keys.has(key))) return;
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

  function startWork(): void {
    startFrom('urgent');
    startFrom('doubtful');
    startFrom('routine');
  }

  function startFrom(kind: keyof typeof waiting): void {
    const keys = waiting[kind];
    for (const key of keys) {
      if (running.size >= concurrency || signal.aborted) return;
      if (kind === 'doubtful' && doubtfulRunning >= mostDoubtful) return;
      if (running.has(key)) continue;
      keys.delete(key);
      const promise = run(key, kind).finally(() => runs.delete(promise));
      runs.add(promise);
    }
  }

  async function run(key: string, kind: keyof typeof waiting): Promise<void> {
    const doubt = kind === 'doubtful' ? 1 : 0;
    running.add(key);
    doubtfulRunning += doubt;
    try {
      await work(key);
      failures.delete(key);
    } catch (error) {
      const failed = failures.get(key) ?? 0;
      failures.set(key, failed + 1);
      // It is a doubtful one by then, whatever is asked for.
      void addLater(key, 'urgent', backOffMs(failed, options.retry(error), random));
    } finally {
      doubtfulRunning -= doubt;
      running.delete(key);
      startWork();
    }
  }

  return {
    add,
    addLater: (key, priority, ms) => void addLater(key, priority, ms),
    isBackingOff: (key) => timers.has(key),
    forget: (key) => {
      stopTimer(key);
      failures.delete(key);
      for (const keys of Object.values(waiting)) keys.delete(key);
    },
    hasRoom: () => waiting.urgent.size + waiting.routine.size === 0,
    stopped: async () => {
      await Promise.all(runs);
    },
  };
}
