import { type ReconcileLoopDependencies, runReconcileLoop } from '@ecr-pull-secrets/shared/runtime/reconcile-loop.ts';
import { ROTATION_INTERVAL_MS } from './pacing.ts';

/** What is carried over: the fractions of a rate that is no multiple of ten. */
const LESS_THAN_ONE_WRITE = 1 - 1e-9;

/** Releases namespaces whose secret works but gets a newer token, at a limited rate. */
export function createRoutineWriteLimiter(
  dependencies: ReconcileLoopDependencies,
  settings: {
    /** Also the rate at which a rotation of ten thousand namespaces costs etcd. */
    readonly writesPerSecond: number;
    /** Whether the last portion is done. */
    readonly hasRoom: () => boolean;
    readonly release: (namespace: string) => void;
  },
) {
  const { writesPerSecond, hasRoom, release } = settings;
  const waiting = new Set<string>();
  let allowance = 0;

  async function releasePortion(): Promise<void> {
    // Whole writes that were not used are not saved up, or a pause would end in a burst.
    const rest = Math.min(allowance, LESS_THAN_ONE_WRITE);
    allowance = rest + (writesPerSecond * ROTATION_INTERVAL_MS) / 1000;
    if (!hasRoom()) return;
    for (const namespace of waiting) {
      if (allowance < 1) return;
      allowance -= 1;
      waiting.delete(namespace);
      release(namespace);
    }
  }

  const controller = {
    name: 'pull secret rotation',
    resyncMs: ROTATION_INTERVAL_MS,
    retry: { baseMs: ROTATION_INTERVAL_MS, capMs: ROTATION_INTERVAL_MS },
    reconcile: releasePortion,
  };
  return {
    add: (namespace: string) => waiting.add(namespace),
    /** Releases namespaces until the signal aborts. */
    run: (signal: AbortSignal): Promise<void> => runReconcileLoop(dependencies, controller, signal),
  };
}
