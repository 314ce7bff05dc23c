import type { RenewerDependencies } from '../dependencies.ts';
import { createEventRecorder } from '@ecr-pull-secrets/kube/event-recorder.ts';
import { createThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';

export interface ReportRefusalsOptions
  extends Pick<RenewerDependencies, 'client' | 'clock' | 'logger' | 'metrics'> {
  readonly namespace: string;
  /** The name of the CA's Secret. */
  readonly name: string;
  /** The pod that makes the Events. */
  readonly podName: string;
  readonly signal: AbortSignal;
}

/** Of the Events and the metric; the namespace is that of the release. */
const REASON = 'AnnotationRefused';

/**
 * Reports why requests that a person made by annotations are not carried out: each in the log, once a minute
 * at most, when it is new by an Event of the Secret, and by a metric while it lasts.
 */
export function createRefusalReports(
  options: ReportRefusalsOptions,
): (refusals: readonly string[]) => void {
  const { namespace, name, podName, metrics } = options;
  const trouble = createThrottledLog(options, 'an annotation of the CA’s Secret is not followed');
  const recorder = createEventRecorder(options, { instance: podName }, options.signal);
  const involvedObject = { apiVersion: 'v1', kind: 'Secret', name };
  let reported: readonly string[] = [];
  return (refusals) => {
    metrics.namespaceProblems.set({ reason: REASON }, Math.min(refusals.length, 1));
    for (const message of refusals) {
      trouble.report(message);
      if (reported.includes(message)) continue;
      void recorder.event({ namespace, involvedObject, reason: REASON, message });
    }
    reported = refusals;
  };
}
