import type { RenewerMetrics } from '../../metrics.ts';
import type { NamespaceProblems } from '../events/namespace-problems.ts';
import { PULL_SECRET_STATUSES, type PullSecretStatus } from './pull-secret-status.ts';

/**
 * Sets the metrics about the state of the namespaces, which are declared in `renewer/src/metrics.ts`. A state that no
 * namespace has is 0, so that an alert sees it end.
 */
export function setStatusMetrics(
  metrics: Pick<RenewerMetrics, 'pullSecrets' | 'namespaceProblems'>,
  statuses: readonly PullSecretStatus[],
  problems: NamespaceProblems,
): void {
  for (const state of PULL_SECRET_STATUSES) {
    const count = statuses.filter((status) => status === state).length;
    metrics.pullSecrets.set({ state }, count);
  }
  for (const [reason, count] of problems.counts()) {
    metrics.namespaceProblems.set({ reason }, count);
  }
}
