import type { Pod, PodCondition } from '../api/objects.ts';
import type { ContainerFacts } from '../containers/container-facts.ts';
import { computeConditions, withTransitionTimes } from './conditions.ts';
import { computePhase, type PodPhase } from './phase.ts';

/** The part of a pod's status that kubelet owns. */
export interface PodStatus {
  readonly phase: PodPhase;
  readonly reason?: string;
  readonly message?: string;
  readonly conditions: readonly PodCondition[];
  readonly hostIP: string;
  readonly hostIPs: readonly { readonly ip: string }[];
  readonly podIP?: string;
  readonly podIPs?: readonly { readonly ip: string }[];
  readonly startTime: string;
  readonly observedGeneration?: number;
  readonly initContainerStatuses?: readonly ContainerStatus[];
  readonly containerStatuses: readonly ContainerStatus[];
}

export interface ContainerStatus {
  readonly name: string;
  readonly image: string;
  readonly imageID: string;
  readonly containerID?: string;
  readonly state: ContainerFacts['state'];
  readonly lastState: { readonly terminated?: ContainerFacts['lastTermination'] };
  readonly restartCount: number;
  readonly started: boolean;
  readonly ready: boolean;
}

export interface StatusInput {
  readonly pod: Pod;
  readonly initContainers: readonly ContainerFacts[];
  readonly containers: readonly ContainerFacts[];
  readonly hostIp: string;
  readonly podIp: string;
  readonly startTime: string;
  /** The volumes are there. */
  readonly isReadyToStart: boolean;
  /** Every process has ended and none will be started again. */
  readonly isOver: boolean;
  /** It was stopped because of `activeDeadlineSeconds`. */
  readonly isExpired: boolean;
  /** The status before this one. */
  readonly previous: PodStatus | undefined;
  /** The time of conditions that change with it. */
  readonly now: string;
}

/** Source: kubernetes `pkg/kubelet/active_deadline.go`. */
const EXPIRED = {
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
};

/**
 * The status that kubelet would write. Which words stand in it is written down in kubernetes'
 * `pkg/kubelet/kubelet_pods.go` (`generateAPIPodStatus`).
 */
export function computeStatus(input: StatusInput): PodStatus {
  const { pod, initContainers, containers, hostIp, podIp, isReadyToStart } = input;
  const { restartPolicy = 'Always' } = pod.spec;
  // A container may end well at its SIGTERM: the pod has failed nevertheless.
  const phase = input.isExpired ? 'Failed' : computePhase({ ...input, restartPolicy });
  const before = input.previous?.conditions ?? pod.status?.conditions ?? [];
  const { generation } = pod.metadata;
  return {
    phase,
    ...(input.isExpired && EXPIRED),
    conditions: withTransitionTimes(computeConditions({ ...input, phase }), before, input.now),
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }],
    // An address shows once the sandbox is made, which for kubelet is after the volumes.
    ...(isReadyToStart && { podIP: podIp, podIPs: [{ ip: podIp }] }),
    startTime: input.startTime,
    ...(generation !== undefined && { observedGeneration: generation }),
    ...(initContainers.length > 0 && {
      initContainerStatuses: initContainers.map(toContainerStatus),
    }),
    containerStatuses: containers.map(toContainerStatus),
  };
}

function toContainerStatus(facts: ContainerFacts): ContainerStatus {
  const { name, image, containerId, state, lastTermination, restartCount, started, ready } = facts;
  return {
    name,
    image,
    imageID: containerId ? `local-node://${image}` : '',
    ...(containerId && { containerID: containerId }),
    state,
    lastState: lastTermination ? { terminated: lastTermination } : {},
    restartCount,
    started,
    ready,
  };
}
