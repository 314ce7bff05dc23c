import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { listPods } from '../list-pods.ts';
import type { MissedPodRule } from '../missed-pod.ts';
import { CLOCK_SKEW_MS } from './pacing.ts';
import type { Evicted, Successor } from './portions.ts';

/**
 * Looks for the pod that the controller created for an evicted one, and whether it names the secret: only that proves
 * that the injection works now, for this workload and as the API server sees it.
 *
 * @throws as the client
 */
export async function findSuccessor(
  client: KubeClient,
  { namespace, controllerUid, atMs }: Evicted,
  rule: MissedPodRule,
  signal: AbortSignal,
): Promise<Successor> {
  const found = new Set<Successor>();
  await listPods<Successor>(
    client,
    {
      namespace,
      reduce: (pod) => {
        const { metadata } = pod;
        const isOfController = metadata.ownerReferences?.some((owner) => owner.uid === controllerUid) ?? false;
        const isNew = Date.parse(metadata.creationTimestamp ?? '') >= atMs - CLOCK_SKEW_MS;
        if (!isOfController || !isNew || metadata.deletionTimestamp !== undefined) return undefined;
        return rule(pod, 0) ? 'missed' : 'injected';
      },
      handle: (successor) => found.add(successor),
    },
    signal,
  );
  if (found.has('missed')) return 'missed';
  return found.has('injected') ? 'injected' : 'absent';
}
