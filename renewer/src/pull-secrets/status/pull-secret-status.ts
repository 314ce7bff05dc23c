import type { PullSecretMetadata } from '../cache/pull-secret-metadata.ts';
import type { RenewerMetrics } from '../../metrics.ts';
import type { NamespaceProblems, ProblemReason } from '../events/namespace-problems.ts';
import type { Plan } from '../plan/plan-namespace.ts';

/** The status of a target namespace's pull secret, as the metric `pull_secrets` counts it. */
export const PULL_SECRET_STATUSES = [
  /** Pods can pull, and no write is due. */
  'current',
  /** A write is due. */
  'pending',
  /** A write is due, and the API server refuses it. */
  'refused',
  /** Another tool changes it again and again. */
  'contested',
  /** It holds credentials of others, and is left alone. */
  'foreign',
  /** It does not exist, or holds content of others, and there is no token for it. */
  'without-token',
  /** Its token has expired, and there is no other one. */
  'expired',
] as const;

export type PullSecretStatus = (typeof PULL_SECRET_STATUSES)[number];

export function pullSecretStatusOf(
  plan: Plan | undefined,
  secret: PullSecretMetadata | undefined,
  hasProblem: (reason: ProblemReason) => boolean,
  nowMs: number,
): PullSecretStatus {
  if (hasProblem('PullSecretContested')) return 'contested';
  if (plan?.kind !== 'write' && hasProblem('PullSecretForeign')) return 'foreign';
  if (plan) return hasProblem('PullSecretRefused') ? 'refused' : 'pending';
  if (!secret?.isUntouched) return 'without-token';
  return (secret.expiresAtMs ?? 0) <= nowMs ? 'expired' : 'current';
}

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
