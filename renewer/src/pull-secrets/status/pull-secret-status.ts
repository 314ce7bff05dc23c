import type { ReportReason } from '../events/namespace-reports.ts';
import type { PlannedWork } from '../plan/plan-work.ts';
import type { PullSecretMetadata } from '../cache/pull-secret-metadata.ts';

/** What a target namespace's pull secret is like. */
const PULL_SECRET_STATUSES = [
  /** It lets pods pull, and nothing is to be done. */
  'current',
  /** A write is due. */
  'pending',
  /** A write is due, and the API server refuses it. */
  'refused',
  /** Somebody else keeps changing it. */
  'contested',
  /** It holds credentials of somebody else, and is left alone. */
  'foreign',
  /** It is not there, or holds somebody else's content, and there is no token for it. */
  'without-token',
  /** Its token is dead, and there is no living one. */
  'expired',
] as const;

export type PullSecretStatus = (typeof PULL_SECRET_STATUSES)[number];

export interface SecretFacts {
  readonly work: PlannedWork | undefined;
  readonly secret: PullSecretMetadata | undefined;
  readonly hasReport: (reason: ReportReason) => boolean;
  readonly nowMs: number;
}

export function pullSecretStatusOf({
  work,
  secret,
  hasReport,
  nowMs,
}: SecretFacts): PullSecretStatus {
  if (hasReport('PullSecretContested')) return 'contested';
  if (work?.kind !== 'write' && hasReport('PullSecretForeign')) return 'foreign';
  if (work) return hasReport('PullSecretRefused') ? 'refused' : 'pending';
  if (!secret?.isUntouched) return 'without-token';
  return (secret.expiresAtMs ?? 0) <= nowMs ? 'expired' : 'current';
}

/** Counts states; those that no namespace is in are 0, so that an alert sees them end. */
export function countStates(
  states: Iterable<PullSecretStatus>,
): ReadonlyMap<PullSecretStatus, number> {
  const counts = new Map<PullSecretStatus, number>(PULL_SECRET_STATUSES.map((state) => [state, 0]));
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}
