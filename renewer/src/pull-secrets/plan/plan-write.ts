import { CREATE_ONLY } from '@ecr-pull-secrets/kube/apply.ts';
import type { DockerConfig } from '../../credentials/docker-config.ts';
import {
  LONGEST_TOKEN_LIFE_MS,
  RENEWAL_POLICY,
  type RenewalPolicy,
} from '../../credentials/renewal-policy.ts';
import { isOfOtherRole } from '../../credentials/token-plan.ts';
import type { Origin, PullSecretMetadata } from '../cache/pull-secret-metadata.ts';

/** One server-side apply that is due. */
export interface PlannedWrite {
  /**
   * What the apply is bound to: the version that we know, so that it can never undo a newer write;
   * `"1"` where no secret is there, which makes apply create-only.
   */
  readonly resourceVersion: string;
  readonly origin: Origin;
  readonly reason: 'absent' | 'edited' | 'revoked' | 'dying' | 'other-plan-hash' | 'older-token';
  /**
   * Whether pods cannot pull, or soon cannot, or have a role's credentials without a right to them, until it is
   * written; routine writes may take their time.
   */
  readonly isUrgent: boolean;
}

/**
 * Clocks of nodes that are right differ by less, so a token that was got further in the future was got by
 * a wrong clock. Up to there nothing is lost: a token of that age needs no renewal yet.
 */
const CLOCK_TOLERANCE_MS = 3_600_000;

type What = Pick<DockerConfig, 'expiresAtMs' | 'renewedAtMs' | 'planHash' | 'isComplete'>;

/**
 * Whether a namespace's secret needs a write, from its metadata and the document that is due to it.
 * A living secret with newer tokens than ours, written by a later leader, is left alone. So is a secret
 * in its best years while our document lacks a registry that the secret may still have, unless it holds
 * credentials of a role that the namespace does not get any more.
 */
export function planWrite(
  secret: PullSecretMetadata | undefined,
  document: What,
  nowMs: number,
  policy: RenewalPolicy = RENEWAL_POLICY,
): PlannedWrite | undefined {
  if (!secret) {
    return { resourceVersion: CREATE_ONLY, origin: 'created', reason: 'absent', isUrgent: true };
  }
  const reason = reasonToReplace(secret, document, nowMs, policy);
  if (!reason) return undefined;
  return {
    resourceVersion: secret.resourceVersion,
    // A secret that says nothing was there before us, or somebody took our word off it.
    origin: secret.origin ?? 'adopted',
    reason,
    isUrgent: reason === 'edited' || reason === 'revoked' || reason === 'dying',
  };
}

function reasonToReplace(
  secret: PullSecretMetadata,
  document: What,
  nowMs: number,
  policy: RenewalPolicy,
): PlannedWrite['reason'] | undefined {
  if (!secret.isUntouched || livesTooLong(secret, document, nowMs)) return 'edited';
  if (isOfOtherRole(secret.planHash, document.planHash)) return 'revoked';
  const isOtherPlanHash = secret.planHash !== document.planHash;
  if (!isOtherPlanHash && !isOlder(secret, document, nowMs)) return undefined;
  if (isExpiring(secret, nowMs, policy)) return 'dying';
  if (!document.isComplete) return undefined;
  return isOtherPlanHash ? 'other-plan-hash' : 'older-token';
}

/**
 * Whether a secret says that it lives longer than any token of AWS: anyone may write that in our name, and no token of
 * ours would ever be newer. Ours may seem so too, to a clock that was set back.
 */
function livesTooLong(
  { expiresAtMs = 0 }: PullSecretMetadata,
  document: What,
  nowMs: number,
): boolean {
  const latestMs = Math.max(nowMs + LONGEST_TOKEN_LIFE_MS, document.expiresAtMs);
  return expiresAtMs > latestMs + CLOCK_TOLERANCE_MS;
}

/**
 * By when the tokens were got, as our clocks had it. Where that clock was wrong, or the secret is dead
 * whatever it says, by when they die: that is AWS's clock.
 */
function isOlder(secret: PullSecretMetadata, document: What, nowMs: number): boolean {
  const { expiresAtMs = 0, renewedAtMs = 0 } = secret;
  const isDead = expiresAtMs <= nowMs;
  if (isDead || isFromFuture(renewedAtMs, nowMs)) return expiresAtMs < document.expiresAtMs;
  return renewedAtMs < document.renewedAtMs;
}

function isExpiring(
  { expiresAtMs = 0, renewedAtMs = 0 }: PullSecretMetadata,
  nowMs: number,
  policy: RenewalPolicy,
): boolean {
  const lifeMs = isFromFuture(renewedAtMs, nowMs)
    ? LONGEST_TOKEN_LIFE_MS
    : expiresAtMs - renewedAtMs;
  return policy.isExpiring(expiresAtMs, lifeMs, nowMs);
}

function isFromFuture(renewedAtMs: number, nowMs: number): boolean {
  return renewedAtMs > nowMs + CLOCK_TOLERANCE_MS;
}
