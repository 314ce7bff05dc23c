import { createEventRecorder } from '@ecr-pull-secrets/kube/event-recorder.ts';
import { createThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import type { CaSecretLocation } from './ca-secret.ts';

/** Of the Events and the metric; the namespace is that of the release. */
const REASON = 'AnnotationRefused';

/**
 * Reports annotations of a person that have no effect: each in the log, once a minute at most, when it is
 * new by an Event of the Secret, and by a metric while it lasts.
 */
export function createAnnotationReports(
  { client, clock, logger, metrics }: Pick<RenewerDependencies, 'client' | 'clock' | 'logger' | 'metrics'>,
  { namespace, name, podName }: CaSecretLocation & { readonly podName: string },
  signal: AbortSignal,
): (problems: readonly string[]) => void {
  const log = createThrottledLog({ clock, logger }, 'annotation of the CA Secret refused');
  const recorder = createEventRecorder({ client, clock, logger }, { instance: podName }, signal);
  const involvedObject = { apiVersion: 'v1', kind: 'Secret', name };
  let reported: readonly string[] = [];
  return (problems) => {
    metrics.namespaceProblems.set({ reason: REASON }, Math.min(problems.length, 1));
    for (const message of problems) {
      log.report(message);
      if (reported.includes(message)) continue;
      void recorder.event({ namespace, involvedObject, reason: REASON, message });
    }
    reported = problems;
  };
}
