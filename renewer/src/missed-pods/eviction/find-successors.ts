import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { listPods } from '../list-pods.ts';
import type { MissedPodRule } from '../missed-pod.ts';
import type { Pod } from '../pod-fields.ts';
import { CLOCK_SKEW_MS } from './pacing.ts';
import type { Evicted, Successor } from './portions.ts';

/**
 * Looks for the pods that controllers created for evicted ones of a namespace, by one list, and whether they name the
 * secret: only that proves that the injection works now, for these workloads and as the API server sees it.
 *
 * @throws as the client
 */
export async function findSuccessors(
  { client, rule }: { readonly client: KubeClient; readonly rule: MissedPodRule },
  namespace: string,
  evicted: readonly Evicted[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Evicted, Successor>> {
  const ofControllers = new Map(evicted.map((each) => [each.controllerUid, each]));
  const found = new Map<Evicted, Successor>();

  /** Those that the pod may be a successor of. */
  function replacedBy({ metadata }: Pod): readonly Evicted[] {
    const { ownerReferences = [], creationTimestamp = '', deletionTimestamp } = metadata;
    if (deletionTimestamp !== undefined) return [];
    const owners = new Set(ownerReferences.flatMap(({ uid = '' }) => ofControllers.get(uid) ?? []));
    return [...owners].filter(({ atMs }) => Date.parse(creationTimestamp) >= atMs - CLOCK_SKEW_MS);
  }

  await listPods(
    client,
    {
      namespace,
      reduce: (pod) => {
        const replaced = replacedBy(pod);
        return replaced.length > 0 ? { replaced, isMissed: rule(pod, 0) !== undefined } : undefined;
      },
      handle: ({ replaced, isMissed }) => {
        for (const each of replaced)
          if (isMissed || !found.has(each)) found.set(each, isMissed ? 'missed' : 'injected');
      },
    },
    signal,
  );
  return found;
}
