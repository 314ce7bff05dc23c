import type { RenewerMetrics } from '../../metrics.ts';
import { type NamespaceProblems, PROBLEM_REASONS } from '../events/namespace-problems.ts';
import { countStatuses, type PullSecretStatus } from './pull-secret-status.ts';

/** Sets the metrics of the namespaces' state; the metrics themselves are declared in `renewer/src/metrics.ts`. */
export function setStatusMetrics(
  metrics: RenewerMetrics,
  statuses: Iterable<PullSecretStatus>,
  problems: NamespaceProblems,
): void {
  for (const [state, count] of countStatuses(statuses)) metrics.pullSecrets.set({ state }, count);
  for (const reason of PROBLEM_REASONS) {
    metrics.namespaceProblems.set({ reason }, problems.count(reason));
  }
}
