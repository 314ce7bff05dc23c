import { CREATE_ONLY } from '@ecr-pull-secrets/kube/apply.ts';
import type { DockerConfig } from '../../credentials/docker-config.ts';
import { LONGEST_TOKEN_LIFE_MS, RENEWAL_POLICY, type RenewalPolicy } from '../../credentials/renewal-policy.ts';
import { isOfOtherRole } from '../../credentials/token-plan.ts';
import type { Origin, PullSecretMetadata } from '../cache/pull-secret-metadata.ts';

/** One server-side apply that is due. */
export interface PlannedWrite {
  /**
   * What the apply is bound to: the version in the cache, so that it can never undo a newer write;
   * `CREATE_ONLY` if there is no secret.
   */
  readonly resourceVersion: string;
  readonly origin: Origin;
  readonly reason: 'absent' | 'edited' | 'revoked' | 'expiring' | 'other-plan-hash' | 'older-token';
  /**
   * Whether pods cannot pull, or soon cannot, or have a role's credentials without a right to them, until it is
   * written; routine writes may take their time.
   */
  readonly isUrgent: boolean;
}

/**
 * Correct clocks of nodes differ by less, so a token that was obtained further in the future was obtained by
 * a wrong clock. Up to there nothing is lost: a token of that age needs no renewal yet.
 */
const CLOCK_TOLERANCE_MS = 3_600_000;

type DesiredState = Pick<DockerConfig, 'expiresAtMs' | 'renewedAtMs' | 'planHash' | 'isComplete'>;

/**
 * Whether a namespace's secret needs a write, from its metadata and the docker config that it should hold.
 * A valid secret with newer tokens than ours, written by a later leader, is left alone. So is a secret that does not
 * expire soon while our docker config lacks a registry that the secret may still have, unless it holds
 * credentials of a role that the namespace does not get any more.
 */
export function planWrite(
  secret: PullSecretMetadata | undefined,
  desired: DesiredState,
  nowMs: number,
  policy: RenewalPolicy = RENEWAL_POLICY,
): PlannedWrite | undefined {
  if (!secret) {
    return { resourceVersion: CREATE_ONLY, origin: 'created', reason: 'absent', isUrgent: true };
  }
  const reason = reasonToReplace(secret, desired, nowMs, policy);
  if (!reason) return undefined;
  return {
    resourceVersion: secret.resourceVersion,
    // Without the annotation the secret existed before us, or another manager removed the annotation.
    origin: secret.origin ?? 'adopted',
    reason,
    isUrgent: reason === 'edited' || reason === 'revoked' || reason === 'expiring',
  };
}

function reasonToReplace(
  secret: PullSecretMetadata,
  desired: DesiredState,
  nowMs: number,
  policy: RenewalPolicy,
): PlannedWrite['reason'] | undefined {
  if (!secret.isUntouched || livesTooLong(secret, desired, nowMs)) return 'edited';
  if (isOfOtherRole(secret.planHash, desired.planHash)) return 'revoked';
  const isOtherPlanHash = secret.planHash !== desired.planHash;
  if (!isOtherPlanHash && !isOlder(secret, desired, nowMs)) return undefined;
  if (isExpiring(secret, nowMs, policy)) return 'expiring';
  if (!desired.isComplete) return undefined;
  return isOtherPlanHash ? 'other-plan-hash' : 'older-token';
}

/**
 * Whether a secret claims to live longer than any token of AWS: anyone may write that in our name, and no token of
 * ours would ever be newer. After a clock was set back, our own secrets seem to live too long too.
 */
function livesTooLong({ expiresAtMs = 0 }: PullSecretMetadata, desired: DesiredState, nowMs: number): boolean {
  const latestMs = Math.max(nowMs + LONGEST_TOKEN_LIFE_MS, desired.expiresAtMs);
  return expiresAtMs > latestMs + CLOCK_TOLERANCE_MS;
}

/**
 * Compares when the tokens were obtained, by our clocks. If that clock was wrong, or the secret has expired, it
 * compares when they expire: that is AWS's clock.
 */
function isOlder(secret: PullSecretMetadata, desired: DesiredState, nowMs: number): boolean {
  const { expiresAtMs = 0, renewedAtMs = 0 } = secret;
  const isExpired = expiresAtMs <= nowMs;
  if (isExpired || isFromFuture(renewedAtMs, nowMs)) return expiresAtMs < desired.expiresAtMs;
  return renewedAtMs < desired.renewedAtMs;
}

function isExpiring(
  { expiresAtMs = 0, renewedAtMs = 0 }: PullSecretMetadata,
  nowMs: number,
  policy: RenewalPolicy,
): boolean {
  const lifeMs = isFromFuture(renewedAtMs, nowMs) ? LONGEST_TOKEN_LIFE_MS : expiresAtMs - renewedAtMs;
  return policy.isExpiring(expiresAtMs, lifeMs, nowMs);
}

function isFromFuture(renewedAtMs: number, nowMs: number): boolean {
  return renewedAtMs > nowMs + CLOCK_TOLERANCE_MS;
}
