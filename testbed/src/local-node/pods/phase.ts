import type { RestartPolicy } from '../api/objects.ts';
import type { ContainerFacts } from '../containers/container-facts.ts';

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

export interface PhaseInput {
  readonly initContainers: readonly ContainerFacts[];
  readonly containers: readonly ContainerFacts[];
  readonly restartPolicy: RestartPolicy;
  /** Every process has ended and none will be started again. */
  readonly isOver: boolean;
}

/** Source: `getPhase` of kubelet; a pod that is over never stays Pending or Running (`TerminatePod`). */
export function computePhase(input: PhaseInput): PodPhase {
  const phase = phaseOfContainers(input);
  const isTerminal = phase === 'Succeeded' || phase === 'Failed';
  return input.isOver && !isTerminal ? 'Failed' : phase;
}

function phaseOfContainers(input: PhaseInput): PodPhase {
  const { initContainers, containers, restartPolicy, isOver } = input;
  const inits = initContainers.filter(({ isSidecar }) => !isSidecar);
  const sidecars = initContainers.filter(({ isSidecar }) => isSidecar);
  if (restartPolicy === 'Never' && inits.some(hasFailed)) return 'Failed';

  const hasInitialized = containers.some(hasStarted);
  if (inits.some((facts) => !isDone(facts))) return 'Pending';
  if (!hasInitialized && sidecars.some(({ started }) => !started)) return 'Pending';
  const longRunning = [...sidecars, ...containers];
  if (!longRunning.every(hasStarted)) return 'Pending';
  if (longRunning.some(({ state }) => state.running)) return 'Running';
  return phaseOfEnded(containers, restartPolicy, isOver);
}

function phaseOfEnded(containers: readonly ContainerFacts[], restartPolicy: RestartPolicy, isOver: boolean): PodPhase {
  const isSuccess = containers.every(isDone);
  const staysEnded = isSuccess ? restartPolicy !== 'Always' : restartPolicy === 'Never';
  if (!isOver && !staysEnded) return 'Running';
  return isSuccess ? 'Succeeded' : 'Failed';
}

function hasStarted({ state, lastTermination }: ContainerFacts): boolean {
  return state.waiting === undefined || lastTermination !== undefined;
}

/** Ended well, for now at least. */
function isDone({ state }: ContainerFacts): boolean {
  return state.terminated?.exitCode === 0;
}

function hasFailed({ state, lastTermination }: ContainerFacts): boolean {
  const { exitCode = 0 } = state.terminated ?? (state.waiting ? lastTermination : undefined) ?? {};
  return exitCode !== 0;
}
