import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { MissedPod } from './missed-pod.ts';
import { FORGET_AFTER_MS, MOST_REPORTED, MOST_REPORTED_OF_NAMESPACE } from './pacing.ts';

/** The missed pods that have their Event, as long as lists show them. */
export function createReportedPods({ clock }: { readonly clock: Clock }) {
  /** By namespace and UID, when a list showed the pod last. */
  const reported = new Map<string, Map<string, number>>();
  let size = 0;

  return {
    /** Whether the pod has its Event; it is still there then. */
    has: ({ namespace, uid }: MissedPod): boolean => {
      const pods = reported.get(namespace);
      if (!pods?.has(uid)) return false;
      pods.set(uid, clock.now());
      return true;
    },
    /** Whether a pod of its namespace may have one. */
    hasRoom: ({ namespace }: MissedPod): boolean =>
      size < MOST_REPORTED && (reported.get(namespace)?.size ?? 0) < MOST_REPORTED_OF_NAMESPACE,
    add: ({ namespace, uid }: MissedPod): void => {
      const pods = reported.get(namespace) ?? new Map<string, number>();
      reported.set(namespace, pods.set(uid, clock.now()));
      size += 1;
    },
    forgetGone: (): void => {
      for (const [namespace, pods] of reported) {
        for (const [uid, seenAtMs] of pods) {
          if (clock.now() - seenAtMs > FORGET_AFTER_MS && pods.delete(uid)) size -= 1;
        }
        if (pods.size === 0) reported.delete(namespace);
      }
    },
  };
}
