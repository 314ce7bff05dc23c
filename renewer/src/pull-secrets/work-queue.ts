import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/back-off.ts';
import type { Clock } from '@ecr-pull-secrets/shared/clock.ts';

type Priority = 'urgent' | 'routine';

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
   * again once afterwards.
   */
  add(key: string, priority: Priority): void;
  /** Whether a key failed last time and waits to be tried again. */
  isBackingOff(key: string): boolean;
  /** Whether there is no work that nobody does yet. */
  hasRoom(): boolean;
  /** Resolves when no work is running; of use after the signal aborted, when none starts any more. */
  stopped(): Promise<void>;
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { work, concurrency, clock, random, signal } = options;
  // A Set keeps the order of insertion: first come, first served.
  const waiting = { urgent: new Set<string>(), routine: new Set<string>() };
  const running = new Set<string>();
  const failures = new Map<string, number>();
  /** At most one retry waits for each key; whatever comes earlier takes its place. */
  const retries = new Map<string, AbortController>();
  const runs = new Set<Promise<void>>();

  function add(key: string, priority: Priority): void {
    if (signal.aborted) return;
    retries.get(key)?.abort();
    retries.delete(key);
    if (priority === 'urgent') waiting.routine.delete(key);
    if (!waiting.urgent.has(key)) waiting[priority].add(key);
    startWork();
  }

  function startWork(): void {
    startFrom('urgent');
    startFrom('routine');
  }

  function startFrom(priority: Priority): void {
    const keys = waiting[priority];
    for (const key of keys) {
      if (running.size >= concurrency || signal.aborted) return;
      if (running.has(key)) continue;
      keys.delete(key);
      running.add(key);
      const promise = run(key, priority).finally(() => runs.delete(promise));
      runs.add(promise);
    }
  }

  async function run(key: string, priority: Priority): Promise<void> {
    try {
      await work(key);
      failures.delete(key);
    } catch (error) {
      void retryLater(key, priority, error);
    } finally {
      running.delete(key);
      startWork();
    }
  }

  async function retryLater(key: string, priority: Priority, error: unknown): Promise<void> {
    const failed = failures.get(key) ?? 0;
    failures.set(key, failed + 1);
    // Something new about the key came while its work failed: that is the retry.
    if (waiting.urgent.has(key) || waiting.routine.has(key)) return;
    const retry = new AbortController();
    retries.set(key, retry);
    signal.addEventListener('abort', retry.abort.bind(retry), { once: true, signal: retry.signal });
    await clock.sleep(backOffMs(failed, options.retry(error), random), retry.signal);
    if (retries.get(key) === retry) add(key, priority);
  }

  return {
    add,
    isBackingOff: (key) => retries.has(key),
    hasRoom: () => waiting.urgent.size + waiting.routine.size === 0,
    stopped: async () => {
      await Promise.all(runs);
    },
  };
}
