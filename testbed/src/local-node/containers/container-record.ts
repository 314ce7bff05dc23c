import { randomBytes } from 'node:crypto';
import type { Container } from '../api/objects.ts';
import { type ContainerFacts, type ContainerState, type Termination, toKubernetesTime } from './container-facts.ts';
import { createHealth, type Health } from './health.ts';

/** `sidecar` is an init container that is never done. */
export type ContainerRole = 'regular' | 'init' | 'sidecar';

/** The process of the moment, as probes see it. */
export interface RunningContainer {
  readonly containerId: string;
  readonly startedAt: number;
  readonly started: boolean;
}

/** Holds a container's state; each change is reported at once. */
export interface ContainerRecord {
  readonly health: Health;
  facts(): ContainerFacts;
  running(): RunningContainer | undefined;
  wait(reason: string, message?: string): void;
  /** A new process, hence a new container id. */
  start(startedAt: number): void;
  /** The process that was started last has ended or, with an error, never came to life. */
  end(exitCode: number, endedAt: number, startError?: string): void;
}

export function createContainerRecord(
  spec: Container,
  role: ContainerRole,
  waitingReason: string,
  onChange: () => void,
): ContainerRecord {
  const health = createHealth(spec, onChange);
  let state: ContainerState = { waiting: { reason: waitingReason } };
  let lastTermination: Termination | undefined;
  let containerId: string | undefined;
  let startedAt = 0;
  let starts = 0;

  function become(next: ContainerState): void {
    lastTermination = state.terminated ?? lastTermination;
    state = next;
    onChange();
  }

  function isStarted(): boolean {
    return state.running !== undefined && health.isStarted();
  }

  function isReady(): boolean {
    if (role === 'init') return state.terminated?.exitCode === 0;
    return isStarted() && health.isReady();
  }

  return {
    health,
    facts: () => ({
      name: spec.name,
      image: spec.image,
      isSidecar: role === 'sidecar',
      state,
      lastTermination,
      restartCount: Math.max(0, starts - 1),
      containerId,
      started: isStarted(),
      ready: isReady(),
    }),
    running: () => (state.running && containerId ? { containerId, startedAt, started: isStarted() } : undefined),
    wait: (reason, message) => become({ waiting: { reason, ...(message && { message }) } }),
    start: (now) => {
      containerId = `local-node://${randomBytes(32).toString('hex')}`;
      startedAt = now;
      starts += 1;
      health.reset();
      become({ running: { startedAt: toKubernetesTime(startedAt) } });
    },
    end: (exitCode, endedAt, startError) => {
      const reason = startError ? 'StartError' : exitCode === 0 ? 'Completed' : 'Error';
      become({
        terminated: {
          exitCode,
          reason,
          ...(startError && { message: startError }),
          startedAt: toKubernetesTime(startedAt),
          finishedAt: toKubernetesTime(endedAt),
          containerID: containerId ?? '',
        },
      });
    },
  };
}
