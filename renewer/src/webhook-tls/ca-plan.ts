import { dropExpired, mergeBundles, splitBundle } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import { renewAtMs } from '@ecr-pull-secrets/certs-scripts/verify/certificate-dates.ts';
import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { withoutDistrusted } from './ca-annotations.ts';
import type { CaStatus, PresentCa } from './ca-status.ts';
import type { CertificateTimes } from '../config/certificate-times.ts';
import { type PublishedCaBundle, publishedPem, publishedSinceMs } from './published-ca-bundle.ts';

/** What the leader does next about the CA. */
export type CaStep =
  /** Nothing before that instant, unless the Secret or the published bundle changes. */
  | { readonly kind: 'wait'; readonly untilMs: number }
  /** Create a CA that signs at once: no API server trusts another one that could serve meanwhile. */
  | { readonly kind: 'create'; readonly retainedPem: string }
  /** Create a CA that is trusted first, beside those of the bundle, and signs later. */
  | { readonly kind: 'prepare'; readonly retainedPem: string; readonly reason: RotationReason }
  /** Every API server trusts the next CA: let it sign, and trust that bundle. */
  | { readonly kind: 'switch'; readonly trustedPem: string }
  /** No replica needs the retired CAs, or a person distrusts them: trust that bundle. */
  | { readonly kind: 'retire'; readonly trustedPem: string };

/**
 * `due`: two thirds of its life are over. `lost`: the Secret has no usable CA. `distrusted`: it was made
 * before the instant of a person's `distrust-before`.
 */
export type RotationReason = 'due' | 'requested' | 'lost' | 'distrusted';

/**
 * A certificate that a replica signed just before the switch may live so long after it; the second life is
 * for a replica that did not see the switch for a while.
 */
const RETIREMENT_LIVES = 2;

/**
 * Decides by what is written and published alone, so the next leader goes on where the last leader
 * stopped. The order never leaves a serving certificate untrusted: publish, wait, switch, wait, retire.
 *
 * Source of the order: cert-manager (CA injector merging) and vault-k8s, which publish before they sign.
 */
export function planCa(status: CaStatus, published: PublishedCaBundle, times: CertificateTimes, now: Date): CaStep {
  if (status.kind === 'unknown' || published.kind === 'unknown') return WAIT_FOREVER;
  if (status.kind === 'absent') return planRecovery('', published, now);
  const { signing, next, trustedPem, distrusts } = status;
  // Anyone who can write the Secret can forge the annotation of its format.
  const hasDistrusted = splitBundle(trustedPem).some(distrusts);
  if (status.isOtherFormat && signing && !hasDistrusted) return WAIT_FOREVER;
  if (next) {
    const sinceMs = publishedSinceMs(published, next.certificatePem);
    return planSwitch(status, sinceMs, times, now.getTime());
  }
  if (!signing) return planRecovery(trustedPem, published, now);
  // It stays trusted until the next one signs. Otherwise API servers could not call the webhook, and pods created
  // meanwhile would get no imagePullSecret.
  if (distrusts(signing.certificatePem)) {
    return { kind: 'prepare', retainedPem: trustedPem, reason: 'distrusted' };
  }
  if (hasDistrusted) {
    return { kind: 'retire', trustedPem: withoutDistrusted(trustedPem, distrusts) };
  }
  return planRotation(status, signing, times, now.getTime());
}

/** Nothing, until the Secret or the published bundle changes. */
export const WAIT_FOREVER: CaStep = { kind: 'wait', untilMs: Number.POSITIVE_INFINITY };

/** There is no CA: what API servers trust stays trusted until its certificates are replaced. */
function planRecovery(listedPem: string, published: PublishedCaBundle, now: Date): CaStep {
  const retainedPem = mergeBundles(listedPem, [publishedPem(published)]);
  if (dropExpired(retainedPem, now) === '') return { kind: 'create', retainedPem };
  return { kind: 'prepare', retainedPem, reason: 'lost' };
}

function planSwitch(
  { trustedPem, distrusts }: PresentCa,
  sinceMs: number | undefined,
  { trustPropagationMs }: CertificateTimes,
  nowMs: number,
): CaStep {
  if (sinceMs === undefined) return WAIT_FOREVER;
  const untilMs = sinceMs + trustPropagationMs;
  if (nowMs < untilMs) return { kind: 'wait', untilMs };
  return { kind: 'switch', trustedPem: withoutDistrusted(trustedPem, distrusts) };
}

function planRotation(
  { trustedPem, signingSinceMs, rotateAtMs = 0 }: PresentCa,
  signing: PemPair,
  { servingLifetimeMs }: CertificateTimes,
  nowMs: number,
): CaStep {
  const dueMs = renewAtMs(signing.certificatePem);
  const isRequested = rotateAtMs > signingSinceMs;
  if (isRequested && nowMs >= rotateAtMs) {
    return { kind: 'prepare', retainedPem: trustedPem, reason: 'requested' };
  }
  if (nowMs >= dueMs) return { kind: 'prepare', retainedPem: trustedPem, reason: 'due' };
  const rotationMs = isRequested ? Math.min(rotateAtMs, dueMs) : dueMs;
  if (splitBundle(trustedPem).length === 1) return { kind: 'wait', untilMs: rotationMs };
  const retireMs = signingSinceMs + RETIREMENT_LIVES * servingLifetimeMs;
  if (nowMs >= retireMs) return { kind: 'retire', trustedPem: signing.certificatePem };
  return { kind: 'wait', untilMs: Math.min(rotationMs, retireMs) };
}
