import { TEST_CONTAINER } from './test-pod.ts';

type Conditions = readonly { readonly type: string; readonly status: string; readonly message?: string }[];

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly terminated?: { readonly exitCode: number };
}

/** The part of a created pod that is read. */
export interface StartedPod {
  readonly spec: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly conditions?: Conditions;
    readonly containerStatuses?: readonly { readonly name: string; readonly state?: ContainerState }[];
  };
}

/** The kubelet tries again, but a person does not wait for that. */
const PERMANENT = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** A scheduler needs less; an autoscaler needs minutes. */
const SCHEDULING_MS = 15_000;

/** The state of our container; a mesh may add others, which run on. */
export function stateOf({ status }: Pick<StartedPod, 'status'>): ContainerState | undefined {
  return status?.containerStatuses?.find(({ name }) => name === TEST_CONTAINER)?.state;
}

/** Why the test pod will not run; `undefined` if it may. */
export function obstacleOf({ status = {} }: Pick<StartedPod, 'status'>, waitedMs: number): string | undefined {
  const waiting = stateOf({ status })?.waiting;
  if (waiting && PERMANENT.has(waiting.reason ?? '')) {
    return `the test pod does not start: ${waiting.reason}: ${waiting.message}`;
  }
  if (status.phase === 'Failed') return `the kubelet ended the test pod: ${status.reason ?? 'it gave no reason'}`;
  return waitedMs < SCHEDULING_MS ? undefined : schedulingObstacle(status.conditions);
}

function schedulingObstacle(conditions: Conditions = []): string | undefined {
  const unscheduled = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  return unscheduled && `the test pod is not scheduled: ${unscheduled.message}`;
}
