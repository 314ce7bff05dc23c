import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';

/** How often a portion of the rotation is handed on. */
const PORTION_INTERVAL_MS = 100;

/** What is carried over: the fractions of a pace that is no multiple of ten. */
const LESS_THAN_ONE_WRITE = 1 - 1e-9;

/** Namespaces whose secret is fine but gets a newer token, at a measured pace. */
export interface Rotation {
  add(namespace: string): void;
  /** Hands namespaces on until the signal aborts. */
  run(): Promise<void>;
}

export function createRotation(options: {
  /** Also the pace at which a rotation of ten thousand namespaces costs etcd. */
  readonly writesPerSecond: number;
  /** Whether the last portion is done with. */
  readonly hasRoom: () => boolean;
  readonly start: (namespace: string) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}): Rotation {
  const { writesPerSecond, hasRoom, start, clock, signal } = options;
  const waiting = new Set<string>();
  let allowance = 0;

  function handOn(): void {
    // Whole writes that were not used are not saved up, or a pause would end in a burst.
    const rest = Math.min(allowance, LESS_THAN_ONE_WRITE);
    allowance = rest + (writesPerSecond * PORTION_INTERVAL_MS) / 1000;
    if (!hasRoom()) return;
    for (const namespace of waiting) {
      if (allowance < 1) return;
      allowance -= 1;
      waiting.delete(namespace);
      start(namespace);
    }
  }

  return {
    add: (namespace) => waiting.add(namespace),
    run: async () => {
      while (!signal.aborted) {
        handOn();
        await clock.sleep(PORTION_INTERVAL_MS, signal);
      }
    },
  };
}
