import type { PullSecretMetadata } from '../cache/pull-secret-metadata.ts';
import type { ProblemReason } from '../events/namespace-problems.ts';
import type { Plan } from '../plan/plan-namespace.ts';

/** The status of a target namespace's pull secret, as the metric `pull_secrets` counts it. */
const PULL_SECRET_STATUSES = [
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

export interface StatusFacts {
  readonly plan: Plan | undefined;
  readonly secret: PullSecretMetadata | undefined;
  readonly hasProblem: (reason: ProblemReason) => boolean;
  readonly nowMs: number;
}

export function pullSecretStatusOf({
  plan,
  secret,
  hasProblem,
  nowMs,
}: StatusFacts): PullSecretStatus {
  if (hasProblem('PullSecretContested')) return 'contested';
  if (plan?.kind !== 'write' && hasProblem('PullSecretForeign')) return 'foreign';
  if (plan) return hasProblem('PullSecretRefused') ? 'refused' : 'pending';
  if (!secret?.isUntouched) return 'without-token';
  return (secret.expiresAtMs ?? 0) <= nowMs ? 'expired' : 'current';
}

/** Counts statuses; one that no namespace has is 0, so that an alert sees it end. */
export function countStatuses(
  statuses: Iterable<PullSecretStatus>,
): ReadonlyMap<PullSecretStatus, number> {
  const counts = new Map<PullSecretStatus, number>(
    PULL_SECRET_STATUSES.map((status) => [status, 0]),
  );
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts;
}
