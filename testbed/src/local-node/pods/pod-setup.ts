import { join } from 'node:path';
import { createEventRecorder, type EventRecorder } from '../api/events.ts';
import type { NamespaceLease } from '../api/namespace-objects.ts';
import type { Container, Pod, Service } from '../api/objects.ts';
import { createContainer, type ManagedContainer } from '../containers/container.ts';
import type { ContainerRole } from '../containers/container-record.ts';
import { specifyProcess } from '../containers/process-specification.ts';
import type { PodPlace } from '../environment/downward-api.ts';
import { serviceVariables } from '../environment/service-variables.ts';
import type { PodAddress } from '../network/addresses.ts';
import { createPulse, type Pulse } from '../pulse.ts';
import { createTokenSource } from '../volumes/service-account-token.ts';
import { createVolumes, type Volumes } from '../volumes/volumes.ts';
import type { NodeContext } from './node-context.ts';
import type { PodContainers } from './pod-containers.ts';

/** What a pod consists of on this machine. */
export interface PodSetup {
  readonly address: PodAddress;
  readonly events: EventRecorder;
  readonly objects: NamespaceLease;
  readonly volumes: Volumes;
  /** Rings when a volume may have to be written anew. */
  readonly volumeChanges: Pulse;
  readonly containers: PodContainers;
  /** Volumes and working folders, gone with the pod; logs lie elsewhere. */
  readonly folder: string;
}

/** Where a container's log is while the node runs; pods of the same name share one. */
export function logPathOf(
  directory: string,
  { namespace, pod, container }: { namespace: string; pod: string; container: string },
): string {
  // No name of Kubernetes has an underscore.
  return join(directory, 'logs', `${namespace}_${pod}_${container}.log`);
}

/**
 * Prepares a pod: its address, its volumes and its containers, nothing of it started yet.
 *
 * @param pod - the pod as it is now
 * @param onChange - called if the pod's status may have changed
 */
export function setUpPod(context: NodeContext, pod: () => Pod, onChange: () => void): PodSetup {
  const { metadata, spec } = pod();
  const { client, clock, addresses, namespaces } = context;
  const address = addresses.allocate();
  const folder = join(context.directory, 'pods', metadata.uid);
  const place: PodPlace = {
    nodeName: context.nodeName,
    podIp: address.shown,
    hostIp: addresses.hostIp,
    allocatable: context.allocatable,
  };
  const volumeChanges = createPulse();
  const objects = namespaces.lease(metadata.namespace, volumeChanges.ring);
  const tokens = createTokenSource(client, clock, pod());
  const volumes = createVolumes(join(folder, 'volumes'), { pod, place, objects, tokens });
  const subject = { apiVersion: 'v1', kind: 'Pod', metadata } as const;
  const events = createEventRecorder(client, clock, 'kubelet', subject);

  function create(container: Container, role: ContainerRole): ManagedContainer {
    return createContainer({
      spec: container,
      role,
      podLabel: `${metadata.name}_${metadata.namespace}(${metadata.uid})`,
      restartPolicy: spec.restartPolicy ?? 'Always',
      waitingReason: spec.initContainers?.length ? 'PodInitializing' : 'ContainerCreating',
      prepare: () =>
        specifyProcess({
          pod: pod(),
          container,
          images: context.images,
          place,
          loopback: address.loopback,
          objects,
          serviceVariables: serviceVariablesOf(context, pod()),
          volumeFolder: volumes.folder,
          rootFolder: join(folder, 'containers', container.name),
          logPath: logPathOf(context.directory, {
            namespace: metadata.namespace,
            pod: metadata.name,
            container: container.name,
          }),
        }),
      guardian: context.guardian,
      backOff: context.restartBackOff,
      clock,
      events,
      onChange,
      closing: context.closing,
    });
  }

  const containers: PodContainers = {
    init: (spec.initContainers ?? []).map((container) =>
      create(container, container.restartPolicy === 'Always' ? 'sidecar' : 'init'),
    ),
    regular: spec.containers.map((container) => create(container, 'regular')),
  };
  return { address, events, objects, volumes, volumeChanges, containers, folder };
}

/** The API server's for every pod, and those of the namespace's Services unless the pod refuses them. */
function serviceVariablesOf({ services, apiServer }: NodeContext, { metadata, spec }: Pod): Record<string, string> {
  const linked = spec.enableServiceLinks === false ? [] : [...services.values()];
  const own = linked.filter((service) => service.metadata.namespace === metadata.namespace);
  return Object.assign({}, ...own.map(variablesOf), serviceVariables(apiServer));
}

function variablesOf({ metadata, spec }: Service): Record<string, string> {
  const { clusterIP = 'None', ports = [] } = spec;
  if (clusterIP === 'None' || clusterIP === '') return {};
  return serviceVariables({ name: metadata.name, host: clusterIP, ports });
}
