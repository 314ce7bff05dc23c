type Conditions = readonly { readonly type: string; readonly status: string; readonly message?: string }[];

/** The part of a created pod that is read. */
export interface StartedPod {
  readonly spec: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly conditions?: Conditions;
    readonly containerStatuses?: readonly {
      readonly state?: {
        readonly waiting?: { readonly reason?: string; readonly message?: string };
        readonly terminated?: { readonly exitCode: number };
      };
    }[];
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

/** Why the test pod will not run; `undefined` if it may. */
export function obstacleOf({ status = {} }: StartedPod, waitedMs: number): string | undefined {
  const waiting = status.containerStatuses?.[0]?.state?.waiting;
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
