import type { ReportedPod } from './messages.ts';
import { MOST_WAITING, MOST_WAITING_OF_NAMESPACE } from './pacing.ts';

/** Missed pods of one phase that wait for their Event, fair to every namespace and every workload. */
export function createWaitingPods() {
  const pods = new Map<string, ReportedPod>();
  const ofNamespace = new Map<string, number>();
  /** The UIDs of those that the current list has shown. */
  const listed = new Set<string>();

  function remove({ uid, namespace }: ReportedPod): void {
    pods.delete(uid);
    listed.delete(uid);
    const left = (ofNamespace.get(namespace) ?? 0) - 1;
    if (left > 0) ofNamespace.set(namespace, left);
    else ofNamespace.delete(namespace);
  }

  /** Whether there is a place for one more pod of a namespace with so many: that with the most loses one, if it has more. */
  function makeRoom(count: number): boolean {
    if (pods.size < MOST_WAITING) return true;
    const most = Math.max(...ofNamespace.values());
    if (most <= count + 1) return false;
    const last = [...pods.values()].findLast(({ namespace }) => ofNamespace.get(namespace) === most);
    if (last) remove(last);
    return last !== undefined;
  }

  return {
    add: (pod: ReportedPod): void => {
      const count = ofNamespace.get(pod.namespace) ?? 0;
      if (!pods.has(pod.uid)) {
        if (count >= MOST_WAITING_OF_NAMESPACE || !makeRoom(count)) return;
        pods.set(pod.uid, pod);
        ofNamespace.set(pod.namespace, count + 1);
      }
      listed.add(pod.uid);
    },
    /** The list is complete: a pod that it did not show is gone, or needs no Event any more. */
    endList: (): void => {
      for (const pod of pods.values()) if (!listed.has(pod.uid)) remove(pod);
      listed.clear();
    },
    /**
     * Takes the next pod: of the namespace that had the fewest before, and in it of the workload that had the fewest.
     *
     * @param counts - how many pods of each were taken before, to which this one is added
     */
    take: (counts: Map<string, number>): ReportedPod | undefined => {
      let next: ReportedPod | undefined;
      let fewest = Number.POSITIVE_INFINITY;
      for (const pod of pods.values()) {
        const [namespaces = 0, workloads = 0] = keysOf(pod).map((key) => counts.get(key) ?? 0);
        const rank = namespaces * MOST_WAITING + workloads;
        if (rank >= fewest) continue;
        next = pod;
        fewest = rank;
        if (rank === 0) break;
      }
      if (!next) return undefined;
      remove(next);
      for (const key of keysOf(next)) counts.set(key, (counts.get(key) ?? 0) + 1);
      return next;
    },
  };
}

function keysOf({ namespace, controller, uid }: ReportedPod): readonly string[] {
  return [namespace, `${namespace}/${controller?.uid ?? uid}`];
}
