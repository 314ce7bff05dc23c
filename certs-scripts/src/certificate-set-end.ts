import { readBundle } from './bundle.ts';
import { type CertificateSet, verifyCertificateSet } from './verify.ts';

/**
 * The last instant at which a set that is good now is still good: the end of the serving certificate,
 * or of an authority above it that ends sooner. What else the CA bundle holds does not count.
 */
export function certificateSetEnd(set: CertificateSet): Date {
  const ends = [set.certificatePem, set.caPem]
    .flatMap((pem) => readBundle(pem).certificates)
    .map(({ validToDate }) => validToDate)
    .toSorted((a, b) => a.getTime() - b.getTime());
  return ends.find((end) => !isGoodAt(set, end.getTime() + 1)) ?? set.now;
}

function isGoodAt(set: CertificateSet, nowMs: number): boolean {
  return verifyCertificateSet({ ...set, now: new Date(nowMs) }).length === 0;
}
