import {
  dropExpired,
  mergeBundles,
  splitBundle,
} from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import type { CertificateAuthority } from '@ecr-pull-secrets/certs-scripts/issue/certificate-authority.ts';
import { renewAtMs } from '@ecr-pull-secrets/certs-scripts/verify/certificate-dates.ts';
import { withoutDistrusted } from './ca-annotations.ts';
import type { CaStatus, PresentCa } from './ca-status.ts';
import type { CertificateTimes } from './certificate-times.ts';
import { type Published, publishedPem, publishedSinceMs } from './published-ca-bundle.ts';

/** What the leader does next about the authority. */
export type CaStep =
  /** Nothing before that instant, as far as is known now. */
  | { readonly kind: 'wait'; readonly untilMs: number }
  /** Make an authority that signs at once: nobody trusts another one that could serve meanwhile. */
  | { readonly kind: 'begin'; readonly besidePem: string }
  /** Make an authority that is trusted first, beside those of the bundle, and signs later. */
  | { readonly kind: 'prepare'; readonly besidePem: string; readonly reason: RotationReason }
  /** Every API server trusts the next authority: let it sign, and trust that bundle. */
  | { readonly kind: 'switch'; readonly trustedPem: string }
  /** No replica needs the retired authorities, or a person distrusts them: trust that bundle. */
  | { readonly kind: 'forget'; readonly trustedPem: string };

/**
 * `due`: two thirds of its life are over. `lost`: the Secret has none of use. `distrusted`: it was made
 * before the instant of a person's `distrust-before`.
 */
export type RotationReason = 'due' | 'requested' | 'lost' | 'distrusted';

/**
 * One that a replica signed in its last moment may live so long after the switch; the second life is
 * for a replica that did not hear of the switch for a while.
 */
const RETIREMENT_LIVES = 2;

/**
 * Decides by what is written and published alone, so whoever leads next goes on where the last leader
 * stopped. The order never leaves a serving certificate untrusted: publish, wait, switch, wait, forget.
 *
 * Source of the order: cert-manager (CA injector merging) and vault-k8s, which publish before they sign.
 */
export function planCa(
  view: CaStatus,
  published: Published,
  { now, ...times }: CertificateTimes & { readonly now: Date },
): CaStep {
  if (view.kind === 'unknown' || published.kind === 'unknown') return FOREVER;
  if (view.kind === 'absent') return planRecovery('', published, now);
  // A thief can say of a Secret that a later version wrote it.
  const hasDistrusted = splitBundle(view.trustedPem).some(view.distrusts);
  if (view.isNewer && view.signing && !hasDistrusted) return FOREVER;
  if (view.next) return planSwitch(view, view.next, published, { ...times, now });
  if (!view.signing) return planRecovery(view.trustedPem, published, now);
  // It stays trusted until the next one signs, or every pod of the meantime would miss the secret's name.
  if (view.distrusts(view.signing.certificatePem)) {
    return { kind: 'prepare', besidePem: view.trustedPem, reason: 'distrusted' };
  }
  return planCourse(view, view.signing, times, now);
}

const FOREVER: CaStep = { kind: 'wait', untilMs: Number.POSITIVE_INFINITY };

/** There is no authority: what API servers trust stays trusted until its certificates are replaced. */
function planRecovery(listedPem: string, published: Published, now: Date): CaStep {
  const besidePem = mergeBundles(listedPem, [publishedPem(published)]);
  if (dropExpired(besidePem, now) === '') return { kind: 'begin', besidePem };
  return { kind: 'prepare', besidePem, reason: 'lost' };
}

function planSwitch(
  { trustedPem, distrusts }: PresentCa,
  next: CertificateAuthority,
  published: Published,
  {
    trustPropagationMs,
    now,
  }: Pick<CertificateTimes, 'trustPropagationMs'> & { readonly now: Date },
): CaStep {
  const sinceMs = publishedSinceMs(published, next.certificatePem);
  if (sinceMs === undefined) return FOREVER;
  const untilMs = sinceMs + trustPropagationMs;
  if (now.getTime() < untilMs) return { kind: 'wait', untilMs };
  return { kind: 'switch', trustedPem: withoutDistrusted(trustedPem, distrusts) };
}

function planCourse(
  { trustedPem, signingSinceMs, rotateAtMs = 0, distrusts }: PresentCa,
  signing: CertificateAuthority,
  { servingLifetimeMs }: CertificateTimes,
  now: Date,
): CaStep {
  if (splitBundle(trustedPem).some(distrusts)) {
    return { kind: 'forget', trustedPem: withoutDistrusted(trustedPem, distrusts) };
  }
  const nowMs = now.getTime();
  const dueMs = renewAtMs(signing.certificatePem);
  const isRequested = rotateAtMs > signingSinceMs;
  if (isRequested && nowMs >= rotateAtMs) {
    return { kind: 'prepare', besidePem: trustedPem, reason: 'requested' };
  }
  if (nowMs >= dueMs) return { kind: 'prepare', besidePem: trustedPem, reason: 'due' };
  const rotationMs = isRequested ? Math.min(rotateAtMs, dueMs) : dueMs;
  if (splitBundle(trustedPem).length === 1) {
    return { kind: 'wait', untilMs: rotationMs };
  }
  const forgetMs = signingSinceMs + RETIREMENT_LIVES * servingLifetimeMs;
  if (nowMs >= forgetMs) return { kind: 'forget', trustedPem: signing.certificatePem };
  return { kind: 'wait', untilMs: Math.min(rotationMs, forgetMs) };
}
