import { createHash } from 'node:crypto';
import type { EventRecorder } from '@ecr-pull-secrets/kube/event-recorder.ts';
import { createThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import { missedMessage } from './messages.ts';
import type { MissedPod } from './missed-pod.ts';
import { EVENTS_PER_LIST, FORGET_AFTER_MS, MOST_REPORTED, MOST_WAITING, type Phase } from './pacing.ts';

export type MissedPodReports = ReturnType<typeof createMissedPodReports>;

/**
 * One Event for each missed pod, at a limited rate. Its name is derived from the pod, so that a later leader creates
 * none again while the API server keeps the first one.
 */
export function createMissedPodReports(
  dependencies: Pick<RenewerDependencies, 'clock' | 'logger' | 'metrics'> & { readonly recorder: EventRecorder },
  { pullSecretName }: { readonly pullSecretName: string },
) {
  const { clock, metrics, recorder } = dependencies;
  const overflows = createThrottledLog(dependencies, 'too many missed pods; some get no Event');
  /** By UID, those that a list found and that have no Event yet; pending ones come first. */
  const waiting = { Pending: new Map<string, MissedPod>(), Running: new Map<string, MissedPod>() };
  /** By UID, when a list showed the pod last. */
  const reported = new Map<string, number>();

  return {
    /** A list found the pod. */
    add: (phase: Phase, pod: MissedPod): void => {
      if (reported.has(pod.uid)) reported.set(pod.uid, clock.now());
      else if (waiting[phase].size < MOST_WAITING) waiting[phase].set(pod.uid, pod);
    },
    /** Creates the Events of the first pods that wait, pods of different workloads first. */
    flush: async (signal: AbortSignal): Promise<void> => {
      for (const [uid, seenAtMs] of reported) if (clock.now() - seenAtMs > FORGET_AFTER_MS) reported.delete(uid);
      const counts = new Map<string, number>();
      for (let events = 0; events < EVENTS_PER_LIST && !signal.aborted; events += 1) {
        const pod = takeNext(waiting.Pending, counts) ?? takeNext(waiting.Running, counts);
        if (!pod) return;
        if (reported.size >= MOST_REPORTED) return overflows.report(new Error(`${reported.size} pods have one`));
        if (reported.has(pod.uid)) continue;
        const isCreated = await recorder.event(eventOf(pod, missedMessage(pod, pullSecretName)), signal);
        metrics.events.inc({ result: isCreated ? 'success' : 'error' });
        if (isCreated) reported.set(pod.uid, clock.now());
        counts.set(workloadOf(pod), (counts.get(workloadOf(pod)) ?? 0) + 1);
      }
    },
  };
}

/** Takes the next pod: the first one of the workload that has the fewest Events of this portion. */
function takeNext(pods: Map<string, MissedPod>, counts: ReadonlyMap<string, number>): MissedPod | undefined {
  let next: MissedPod | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const pod of pods.values()) {
    const count = counts.get(workloadOf(pod)) ?? 0;
    if (count >= fewest) continue;
    next = pod;
    fewest = count;
    if (count === 0) break;
  }
  if (next) pods.delete(next.uid);
  return next;
}

function workloadOf({ controller, uid }: MissedPod): string {
  return controller?.uid ?? uid;
}

/** An Event about a pod. */
export function eventOf({ namespace, name, uid, reason }: MissedPod, message: string, otherReason?: string) {
  const eventReason = otherReason ?? reason;
  const digest = createHash('sha256').update(`${uid} ${eventReason}`).digest('hex').slice(0, 16);
  return {
    namespace,
    involvedObject: { apiVersion: 'v1', kind: 'Pod', name, uid },
    // The name of a pod may be as long as that of an Event.
    name: `${name.slice(0, 200).replace(/[-.]+$/, '')}.${digest}`,
    reason: eventReason,
    message,
  };
}
