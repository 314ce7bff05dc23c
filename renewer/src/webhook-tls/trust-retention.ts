import { splitBundle } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';

/** Keeps trusting for a while what was trusted until just now. */
export interface TrustRetention {
  /** Counts certificates as trusted until just now, as those that a leader before this one published. */
  see(pem: string): void;
  /**
   * What is to be trusted, as PEM: the bundle, and behind it what left it a moment ago.
   *
   * @param isOver - whether a certificate that left the bundle must not be trusted any longer
   */
  extend(bundlePem: string, isOver?: (certificatePem: string) => boolean): string;
}

/**
 * Somebody may put another authority into the Secret, from a backup for instance. Serving certificates of
 * the one before are in use until each replica has its own of the new one, which waits for the trust propagation.
 *
 * @param keepMs - how long a certificate is trusted after it was last in the bundle
 */
export function createTrustRetention(options: {
  readonly now: () => number;
  readonly keepMs: number;
}): TrustRetention {
  const { now, keepMs } = options;
  const seenAtMs = new Map<string, number>();
  const see = (pem: string): void => {
    for (const certificate of splitBundle(pem)) seenAtMs.set(certificate, now());
  };
  return {
    see,
    extend: (bundlePem, isOver = () => false) => {
      const nowMs = now();
      const current = splitBundle(bundlePem);
      // Nothing is known, as before the first look: that is no reason to go on with anything.
      if (current.length === 0) return '';
      see(bundlePem);
      for (const [pem, atMs] of seenAtMs) {
        if (nowMs - atMs > keepMs || isOver(pem)) seenAtMs.delete(pem);
        // A clock that was set back takes trust from nobody, and keeps nothing for longer.
        else seenAtMs.set(pem, Math.min(atMs, nowMs));
      }
      return [...new Set([...current, ...seenAtMs.keys()])].join('');
    },
  };
}
