import { splitBundle } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import type { CaStatus } from './ca-status.ts';
import { type PublishedCaBundle, seenSince } from './published-ca-bundle.ts';

/** What API servers are to trust. */
export interface Trust {
  /** PEM; empty if it is not known yet, and then nothing is published. */
  readonly bundlePem: string;
  /**
   * When each certificate was last desired, also of those that are desired no longer. `undefined` until it is
   * known what an earlier leader published.
   */
  readonly lastDesiredMs?: ReadonlyMap<string, number> | undefined;
}

export const NO_TRUST: Trust = Object.freeze({ bundlePem: '' });

export interface TrustObservation {
  /** What the CA needs to be trusted, as PEM; empty if it is not known. */
  readonly desiredPem: string;
  readonly published: PublishedCaBundle;
  readonly nowMs: number;
  /** How long a certificate is trusted after it was last desired. */
  readonly retainMs: number;
  /** Whether a certificate that is desired no longer must not be trusted. */
  readonly isRevoked?: (certificatePem: string) => boolean;
}

/**
 * The trust after an observation: what is desired, and behind it what was desired a moment ago.
 *
 * A person may put another CA into the Secret, from a backup for instance. Serving certificates of the CA
 * before are in use until each replica has its own of the new one, which waits for the trust propagation.
 * A new leader retains what an earlier leader published, as if it had been desired until then.
 */
export function retainTrust(before: Trust, observation: TrustObservation): Trust {
  const { desiredPem, published, nowMs, retainMs, isRevoked = () => false } = observation;
  if (!before.lastDesiredMs && published.kind === 'unknown') return NO_TRUST;
  const inherited = before.lastDesiredMs ?? publishedAt(published, nowMs);
  const desired = splitBundle(desiredPem);
  // An unknown CA, as before the first look, is no reason to publish only what is retained.
  if (desired.length === 0) return { bundlePem: '', lastDesiredMs: inherited };
  const candidates = new Map([...inherited, ...desired.map((pem) => [pem, nowMs] as const)]);
  const retained = [...candidates].filter(([pem, lastMs]) => nowMs - lastMs <= retainMs && !isRevoked(pem));
  const retainedPems = retained.map(([pem]) => pem);
  return {
    bundlePem: [...new Set([...desired, ...retainedPems])].join(''),
    // After a clock was set back, no certificate loses its trust, and none is retained for longer.
    lastDesiredMs: seenSince(new Map(retained), retainedPems, nowMs),
  };
}

function publishedAt(published: PublishedCaBundle, nowMs: number): ReadonlyMap<string, number> {
  const pems = published.kind === 'bundle' ? [...published.sinceMs.keys()] : [];
  return new Map(pems.map((pem) => [pem, nowMs]));
}

/**
 * Whether a CA that no person distrusts has signed for `retainMs` in the place of one that a person distrusts.
 * Counted from what the Secret says, it does not start over with each leader.
 */
export function isDistrustOver(
  status: CaStatus,
  pem: string,
  { nowMs, retainMs }: Pick<TrustObservation, 'nowMs' | 'retainMs'>,
): boolean {
  if (status.kind !== 'present' || !status.signing) return false;
  const { distrusts, signing, signingSinceMs } = status;
  return nowMs - signingSinceMs > retainMs && distrusts(pem) && !distrusts(signing.certificatePem);
}
