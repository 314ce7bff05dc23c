import { createHash } from 'node:crypto';
import type { EventRecorder } from '@ecr-pull-secrets/kube/event-recorder.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import { messageOf, type ReportedPod } from './messages.ts';
import { EVENTS_PER_LIST, EVENTS_WITHIN_MS, type Phase } from './pacing.ts';
import { createReportedPods } from './reported-pods.ts';
import { createWaitingPods } from './waiting-pods.ts';

/**
 * One Event for each missed pod and each pod whose pull fails, at a limited rate. Its name is derived from the pod, so
 * that a later leader creates none again while the API server keeps the first one.
 */
export function createMissedPodReports(
  dependencies: Pick<RenewerDependencies, 'clock' | 'metrics'> & { readonly recorder: EventRecorder },
  { pullSecretName }: { readonly pullSecretName: string },
) {
  const { clock, metrics, recorder } = dependencies;
  const waiting = { Pending: createWaitingPods(), Running: createWaitingPods() };
  const reported = createReportedPods({ clock });

  async function report(pod: ReportedPod, signal: AbortSignal): Promise<void> {
    const isCreated = await recorder.event(eventOf(pod, messageOf(pod, pullSecretName)), signal);
    metrics.events.inc({ result: isCreated ? 'success' : 'error' });
    if (isCreated) reported.add(pod);
  }

  return {
    /** A list found the pod. */
    add: (phase: Phase, pod: ReportedPod): void => {
      if (!reported.has(pod) && reported.hasRoom(pod)) waiting[phase].add(pod);
    },
    /** Creates the Events of the first pods that wait, those of pending pods first. */
    flush: async (signal: AbortSignal): Promise<void> => {
      reported.forgetGone();
      const counts = new Map<string, number>();
      const endMs = clock.now() + EVENTS_WITHIN_MS;
      for (let events = 0; events < EVENTS_PER_LIST && clock.now() < endMs && !signal.aborted; events += 1) {
        const pod = waiting.Pending.take(counts) ?? waiting.Running.take(counts);
        if (!pod) return;
        // It may have been pending before, and have waited as a running pod since then.
        if (!reported.has(pod) && reported.hasRoom(pod)) await report(pod, signal);
      }
    },
  };
}

/** An Event about a pod. */
export function eventOf({ namespace, name, uid, reason }: ReportedPod, message: string, otherReason?: string) {
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
