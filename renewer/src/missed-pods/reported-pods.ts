import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { ReportedPod } from './messages.ts';
import { FORGET_AFTER_MS, MOST_REPORTED, MOST_REPORTED_OF_NAMESPACE, REPEAT_AFTER_MS } from './pacing.ts';

/** The Events that a pod has had. */
export interface Reports {
  readonly count: number;
  readonly firstAtMs: number;
}

interface Reported extends Reports {
  readonly lastAtMs: number;
  /** When a list showed the pod last. */
  readonly seenAtMs: number;
}

/** The pods that have their Event, as long as lists show them. */
export function createReportedPods({ clock }: { readonly clock: Clock }) {
  /** By namespace and UID. */
  const reported = new Map<string, Map<string, Reported>>();
  let size = 0;

  const find = ({ namespace, uid }: ReportedPod): Reported | undefined => reported.get(namespace)?.get(uid);

  return {
    /** A list shows the pod. */
    see: (pod: ReportedPod): void => {
      const known = find(pod);
      if (known) reported.get(pod.namespace)?.set(pod.uid, { ...known, seenAtMs: clock.now() });
    },
    find: (pod: ReportedPod): Reports | undefined => find(pod),
    /** Whether the pod may have an Event: its first one if there is room, or the next one before the last one is deleted. */
    isDue: (pod: ReportedPod): boolean => {
      const known = find(pod);
      // The absolute value: after a clock was set back, Events must not end.
      if (known) return Math.abs(clock.now() - known.lastAtMs) >= REPEAT_AFTER_MS;
      return size < MOST_REPORTED && (reported.get(pod.namespace)?.size ?? 0) < MOST_REPORTED_OF_NAMESPACE;
    },
    /** The pod has got an Event. */
    add: (pod: ReportedPod): void => {
      const { namespace, uid } = pod;
      const nowMs = clock.now();
      const known = find(pod);
      const { count = 0, firstAtMs = nowMs, seenAtMs = nowMs } = known ?? {};
      const pods = reported.get(namespace) ?? new Map<string, Reported>();
      reported.set(namespace, pods.set(uid, { count: count + 1, firstAtMs, lastAtMs: nowMs, seenAtMs }));
      if (!known) size += 1;
    },
    forgetGone: (): void => {
      for (const [namespace, pods] of reported) {
        for (const [uid, { seenAtMs }] of pods) {
          if (clock.now() - seenAtMs > FORGET_AFTER_MS && pods.delete(uid)) size -= 1;
        }
        if (pods.size === 0) reported.delete(namespace);
      }
    },
  };
}
