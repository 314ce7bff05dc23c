import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { ManagedContainer } from '../containers/container.ts';
import type { Pulse } from '../pulse.ts';

/** The containers of one pod, in the order of its specification. */
export interface PodContainers {
  /** Those that end and those that stay, sidecars. */
  readonly init: readonly ManagedContainer[];
  readonly regular: readonly ManagedContainer[];
}

export interface RunOptions {
  readonly clock: Clock;
  /** Rings at each change of a container. */
  readonly changes: Pulse;
  /** Aborts when nothing is to be started any more. */
  readonly stopping: AbortSignal;
  /** For sidecars, once the regular containers are done. */
  readonly graceSeconds: number;
}

/** A look at what may have changed without a ring. */
const POLL_MS = 1_000;

/**
 * Runs the init containers one after another, sidecars staying beside, then all regular containers
 * together, until those are done for good; then it stops the sidecars. Once `stopping` has aborted it
 * waits for all to end, which is `windDown`'s to see to.
 */
export async function runContainers({ init, regular }: PodContainers, options: RunOptions): Promise<void> {
  const { stopping, clock, graceSeconds } = options;
  const sidecars: Promise<void>[] = [];
  const sidecarsStopping = new AbortController();
  const untilOver = AbortSignal.any([stopping, sidecarsStopping.signal]);
  try {
    for (const container of init) {
      if (isSidecar(container)) sidecars.push(container.run(untilOver));
      await (isSidecar(container) ? untilStarted(container, options) : container.run(stopping));
      if (!isSidecar(container) && !container.facts().ready) return;
    }
    await Promise.all(regular.map((container) => container.run(stopping)));
  } finally {
    sidecarsStopping.abort();
    if (!stopping.aborted) await windDown({ init, regular: [] }, clock, graceSeconds);
    await Promise.all(sidecars);
  }
}

async function untilStarted(container: ManagedContainer, { clock, changes, stopping }: RunOptions): Promise<void> {
  while (!stopping.aborted) {
    const change = changes.next();
    if (container.facts().started) return;
    await clock.sleep(POLL_MS, AbortSignal.any([change, stopping]));
  }
}

/**
 * Stops what runs: regular and init containers together, then the sidecars in reverse order, all within
 * one grace period. Source: `terminationOrdering` of kubelet.
 */
export async function windDown({ init, regular }: PodContainers, clock: Clock, graceSeconds: number): Promise<void> {
  const deadline = clock.now() + graceSeconds * 1000;
  const [sidecars, inits] = [init.filter(isSidecar), init.filter((one) => !isSidecar(one))];
  await Promise.all([...inits, ...regular].map((container) => container.stop(graceSeconds)));
  for (const sidecar of sidecars.toReversed()) {
    await sidecar.stop(Math.max(0, (deadline - clock.now()) / 1000));
  }
}

function isSidecar(container: ManagedContainer): boolean {
  return container.facts().isSidecar;
}
