import type { Pod } from '../api/objects.ts';
import { toKubernetesTime } from '../containers/container-facts.ts';
import type { NodeContext } from './node-context.ts';
import type { PodSetup } from './pod-setup.ts';
import { computeStatus, type PodStatus } from './status.ts';
import { createStatusWriter } from './status-writer.ts';

/** How far a pod has come. */
export type PodStage = 'mounting' | 'running' | 'over' | 'expired';

/** Keeps a pod's status at the API server true. */
export interface StatusKeeper {
  /** Looks at everything and writes what has changed. */
  refresh(): void;
  /** The pod has come to another stage. */
  enter(stage: PodStage): void;
  /** Resolves when the API server has the newest status or the pod is gone. */
  flushed(): Promise<void>;
}

/**
 * @param pod - the pod as it is now
 */
export function createStatusKeeper(
  context: NodeContext,
  pod: () => Pod,
  { address, containers }: Pick<PodSetup, 'address' | 'containers'>,
): StatusKeeper {
  const { clock, addresses } = context;
  const writer = createStatusWriter({ ...context, pod: pod() });
  const startTime = toKubernetesTime(clock.now());
  let stage: PodStage = 'mounting';
  let status: PodStatus | undefined;

  function refresh(): void {
    status = computeStatus({
      pod: pod(),
      initContainers: containers.init.map((container) => container.facts()),
      containers: containers.regular.map((container) => container.facts()),
      hostIp: addresses.hostIp,
      podIp: address.shown,
      startTime,
      isReadyToStart: stage !== 'mounting',
      isOver: stage === 'over' || stage === 'expired',
      isExpired: stage === 'expired',
      previous: status,
      now: toKubernetesTime(clock.now()),
    });
    writer.write(status);
  }

  return {
    refresh,
    enter: (next) => {
      stage = next;
      refresh();
    },
    flushed: writer.flushed,
  };
}
