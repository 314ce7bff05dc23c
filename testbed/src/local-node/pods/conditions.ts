import type { Pod, PodCondition } from '../api/objects.ts';
import type { ContainerFacts } from '../containers/container-facts.ts';
import type { PodPhase } from './phase.ts';

export interface ConditionsInput {
  /** As the API server stores it now, readiness gates' conditions of others included. */
  readonly pod: Pod;
  readonly phase: PodPhase;
  readonly initContainers: readonly ContainerFacts[];
  readonly containers: readonly ContainerFacts[];
  /** The pod has its address and its volumes. */
  readonly isReadyToStart: boolean;
}

/** What a condition says, without when it came to say so. */
type Verdict = Pick<PodCondition, 'status' | 'reason' | 'message'>;

const TRUE: Verdict = { status: 'True' };

/** The conditions that kubelet owns. Source: kubernetes `pkg/kubelet/status/generate.go`. */
export function computeConditions(input: ConditionsInput): Record<string, Verdict> {
  const containersReady = judgeContainersReady(input);
  return {
    PodReadyToStartContainers: { status: input.isReadyToStart ? 'True' : 'False' },
    Initialized: judgeInitialized(input),
    Ready: containersReady.status === 'True' ? judgeGates(input.pod) : containersReady,
    ContainersReady: containersReady,
    PodScheduled: TRUE,
  };
}

function judgeInitialized({ phase, initContainers, containers }: ConditionsInput): Verdict {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  if (containers.some(({ containerId }) => containerId)) return TRUE;
  const incomplete = initContainers.filter(({ isSidecar, started, ready }) => !(isSidecar ? started : ready));
  if (incomplete.length === 0) return TRUE;
  const message = `containers with incomplete status: ${nameList(incomplete)}`;
  return { status: 'False', reason: 'ContainersNotInitialized', message };
}

function judgeContainersReady({ phase, initContainers, containers }: ConditionsInput): Verdict {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const sidecars = initContainers.filter(({ isSidecar }) => isSidecar);
  const unready = [...sidecars, ...containers].filter(({ ready }) => !ready);
  if (unready.length === 0) return TRUE;
  const message = `containers with unready status: ${nameList(unready)}`;
  return { status: 'False', reason: 'ContainersNotReady', message };
}

function judgeGates({ spec, status }: Pod): Verdict {
  const closed = (spec.readinessGates ?? []).filter(
    ({ conditionType }) => !status?.conditions?.some((one) => one.type === conditionType && one.status === 'True'),
  );
  if (closed.length === 0) return TRUE;
  const gates = closed.map(({ conditionType }) => JSON.stringify(conditionType)).join(', ');
  return {
    status: 'False',
    reason: 'ReadinessGatesNotReady',
    message: `the status of pod readiness gates ${gates} is not "True"`,
  };
}

/** As Go prints a list. */
function nameList(containers: readonly ContainerFacts[]): string {
  return `[${containers.map(({ name }) => name).join(' ')}]`;
}

/** Adds to each condition when its status changed last, from the conditions before. */
export function withTransitionTimes(
  verdicts: Readonly<Record<string, Verdict>>,
  before: readonly PodCondition[],
  now: string,
): PodCondition[] {
  return Object.entries(verdicts).map(([type, verdict]) => {
    const old = before.find((condition) => condition.type === type);
    const unchangedSince = old?.status === verdict.status ? old.lastTransitionTime : undefined;
    return Object.assign({ type, lastTransitionTime: unchangedSince ?? now }, verdict);
  });
}
