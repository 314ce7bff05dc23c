import { readPemCertificates } from './pem.ts';

/** The readable certificates of a bundle, one PEM block each, in one canonical form. */
export function splitBundle(pem: string): readonly string[] {
  return readPemCertificates(pem).certificates.map((certificate) => certificate.pem);
}

/**
 * Joins bundles: those of `primary` first, then what `others` add, no certificate twice.
 * Unreadable blocks are left out, as Go's `AppendCertsFromPEM` leaves them out when it reads
 * `caBundle`. The same certificates in the same order always give the same bytes.
 */
export function mergeBundles(primary: string, others: readonly string[]): string {
  const blocks = [primary, ...others].flatMap(splitBundle);
  return [...new Set(blocks)].join('');
}

/** The bundle without the certificates whose `notAfter` has passed. */
export function dropExpired(pem: string, now: Date): string {
  return readPemCertificates(pem)
    .certificates.filter(({ notAfter }) => notAfter >= now)
    .map((certificate) => certificate.pem)
    .join('');
}
