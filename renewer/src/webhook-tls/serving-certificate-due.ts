/** What a replica serves with. */
export interface Issued {
  /** The authority that signed it. */
  readonly authorityPem: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** When two thirds of its life are over. */
  readonly renewAtMs: number;
}

/** The authority that is to sign now. */
export interface SigningAuthority {
  readonly authorityPem: string;
  /** Since when this replica sees it among those to be trusted. */
  readonly trustedSinceMs: number;
  /** How long after that every API server trusts it. */
  readonly trustPropagationMs: number;
  readonly nowMs: number;
}

/**
 * When the next serving certificate is to be signed.
 *
 * In a rotation an authority was trusted for long when it begins to sign. One that somebody put into the
 * Secret, from a backup for instance, was not: it waits, while the certificate in use is trusted on.
 */
export function servingCertificateDueMs(
  issued: Issued | undefined,
  { authorityPem, trustedSinceMs, trustPropagationMs, nowMs }: SigningAuthority,
): number {
  if (!issued) return nowMs;
  // Signed while the clock was ahead, it is of no use to those whose clocks are right.
  if (nowMs < issued.notBeforeMs) return nowMs;
  if (issued.authorityPem === authorityPem) return issued.renewAtMs;
  return Math.min(issued.notAfterMs, trustedSinceMs + trustPropagationMs);
}
