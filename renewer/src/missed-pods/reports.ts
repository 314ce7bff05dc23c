import { createHash } from 'node:crypto';
import type { EventRecorder } from '@ecr-pull-secrets/kube/event-recorder.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import { messageOf, type ReportedPod } from './messages.ts';
import { EVENTS_PER_LIST, EVENTS_WITHIN_MS, type Phase } from './pacing.ts';
import { createReportedPods, type Reports } from './reported-pods.ts';
import { createWaitingPods } from './waiting-pods.ts';

/**
 * One Event for each missed pod and each pod whose pull fails, at a limited rate, and another one before the API server
 * deletes it, as long as lists show the pod. Their names are derived from the pod, so that a later leader creates none
 * again while the API server keeps the first one.
 */
export function createMissedPodReports(
  dependencies: Pick<RenewerDependencies, 'clock' | 'metrics'> & { readonly recorder: EventRecorder },
  { pullSecretName }: { readonly pullSecretName: string },
) {
  const { clock, metrics, recorder } = dependencies;
  const waiting = { Pending: createWaitingPods(), Running: createWaitingPods() };
  const repeated = { Pending: createWaitingPods(), Running: createWaitingPods() };
  const reported = createReportedPods({ clock });

  async function report(pod: ReportedPod, signal: AbortSignal): Promise<void> {
    const event = eventOf(pod, messageOf(pod, pullSecretName), { before: reported.find(pod) });
    const isCreated = await recorder.event(event, signal);
    metrics.events.inc({ result: isCreated ? 'success' : 'error' });
    if (isCreated) reported.add(pod);
  }

  return {
    /** A list found the pod. */
    add: (phase: Phase, pod: ReportedPod): void => {
      reported.see(pod);
      if (reported.isDue(pod)) (reported.find(pod) ? repeated : waiting)[phase].add(pod);
    },
    /** A list of pods of a phase is complete. */
    endList: (phase: Phase): void => {
      waiting[phase].endList();
      repeated[phase].endList();
    },
    /** Creates the Events of the first pods that wait, those of pending pods first and those of known pods last. */
    flush: async (signal: AbortSignal): Promise<void> => {
      reported.forgetGone();
      const counts = new Map<string, number>();
      const endMs = clock.now() + EVENTS_WITHIN_MS;
      for (let events = 0; events < EVENTS_PER_LIST && clock.now() < endMs && !signal.aborted; events += 1) {
        const pod =
          waiting.Pending.take(counts) ??
          waiting.Running.take(counts) ??
          repeated.Pending.take(counts) ??
          repeated.Running.take(counts);
        if (!pod) return;
        // It may have been pending before, and have waited as a running pod since then.
        if (reported.isDue(pod)) await report(pod, signal);
      }
    },
  };
}

interface EventOptions {
  /** The default is that of the pod. */
  readonly reason?: string;
  /** The Events that the pod has had already. */
  readonly before?: Reports | undefined;
}

/** An Event about a pod. */
export function eventOf(
  { namespace, name, uid, reason: reasonOfPod }: ReportedPod,
  message: string,
  { reason = reasonOfPod, before }: EventOptions = {},
) {
  const repetition = before ? ` ${before.count}` : '';
  const digest = createHash('sha256').update(`${uid} ${reason}${repetition}`).digest('hex').slice(0, 16);
  return {
    namespace,
    involvedObject: { apiVersion: 'v1', kind: 'Pod', name, uid },
    // The name of a pod may be as long as that of an Event.
    name: `${name.slice(0, 200).replace(/[-.]+$/, '')}.${digest}`,
    reason,
    message,
    ...(before ? { series: { count: before.count + 1, firstAtMs: before.firstAtMs } } : {}),
  };
}
