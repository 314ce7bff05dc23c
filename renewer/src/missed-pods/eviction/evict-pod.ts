import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { evictionPath } from '@ecr-pull-secrets/kube/object-names.ts';
import type { MissedPod } from '../missed-pod.ts';
import { EVICTION_TIMEOUT_MS } from './pacing.ts';

/** The pod changed, is gone, or is protected by a PodDisruptionBudget because it runs now. */
const NOT_EVICTED: ReadonlySet<number> = new Set([404, 409, 429]);

/**
 * Evicts a pod, unless it changed since it was listed: it may run now.
 *
 * @returns whether it was evicted
 * @throws as the client
 */
export async function evictPod(client: KubeClient, pod: MissedPod, signal: AbortSignal): Promise<boolean> {
  const { namespace, name, uid, resourceVersion } = pod;
  const body = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace },
    deleteOptions: { preconditions: { uid, resourceVersion } },
  };
  try {
    const path = evictionPath(namespace, name);
    await client.request({ method: 'POST', path, body, signal, timeoutMs: EVICTION_TIMEOUT_MS });
    return true;
  } catch (error) {
    if (isApiError(error) && NOT_EVICTED.has(error.status)) return false;
    throw error;
  }
}
