import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import type { Pod } from './api/objects.ts';
import { followCollection, type StoreContext } from './api/store.ts';
import { toKubernetesTime } from './containers/container-facts.ts';
import { findImage, type Images } from './images.ts';
import { findUnsupported } from './pods/unsupported.ts';

export interface SchedulerOptions extends StoreContext {
  readonly nodeName: string;
  readonly images: Images;
  readonly closing: AbortSignal;
}

const RETRY_MS = 500;

/**
 * Binds each pod of which the node has every image; all others stay as they are. Affinity, taints and
 * resources are not looked at: there is one node. A pod that requests what the node cannot do gets an Event
 * so in its condition `PodScheduled`.
 */
export function startScheduler(options: SchedulerOptions): void {
  const { client, clock, logger, images, closing } = options;
  const pending = followCollection<Pod>(options, {
    path: '/api/v1/pods',
    // No node yet.
    fieldSelector: 'spec.nodeName=',
    signal: closing,
    onChange: (key, pod) => {
      if (pod && isForUs(pod, images)) void schedule(key, pod);
    },
  });

  async function schedule(key: string, pod: Pod): Promise<void> {
    const unsupported = findUnsupported(pod);
    const request = unsupported ? refusal(pod, unsupported, clock.now()) : binding(pod, options);
    while (!closing.aborted && pending.get(key)?.metadata.uid === pod.metadata.uid) {
      try {
        await client.request(request);
        return;
      } catch (error) {
        // Another scheduler was quicker, or the pod is gone.
        if (isApiError(error, 409) || isApiError(error, 404)) return;
        logger.warn({ err: error, pod: key }, 'binding a pod failed; will retry');
        await clock.sleep(RETRY_MS, closing);
      }
    }
  }
}

function isForUs({ metadata, spec }: Pod, images: Images): boolean {
  if (metadata.deletionTimestamp || spec.schedulingGates?.length) return false;
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  return containers.every(({ image }) => findImage(images, image));
}

function binding({ metadata }: Pod, { nodeName }: SchedulerOptions) {
  const { namespace, name, uid } = metadata;
  return {
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/pods/${name}/binding`,
    body: {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace, uid },
      target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
    },
  } as const;
}

function refusal({ metadata }: Pod, unsupported: string, now: number) {
  const { namespace, name, uid } = metadata;
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message: `the local node does not support ${unsupported}`,
    lastTransitionTime: toKubernetesTime(now),
  };
  return {
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/pods/${name}/status`,
    contentType: 'application/strategic-merge-patch+json',
    body: { metadata: { uid }, status: { conditions: [condition] } },
  } as const;
}
