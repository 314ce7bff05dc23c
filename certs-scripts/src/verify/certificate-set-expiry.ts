import { type CertificateSet, readCertificateSet, servingProblems } from './certificate-set.ts';

/**
 * The last instant at which a set that is good now is still good: the end of the serving certificate,
 * or of a CA above it that ends sooner. What else the CA bundle holds does not count.
 */
export function certificateSetExpiry(set: CertificateSet): Date {
  const read = readCertificateSet(set);
  const ends = [read.chain, read.bundle]
    .flatMap((pem) => pem?.certificates ?? [])
    .map(({ notAfter }) => notAfter.getTime());
  const distinct = [...new Set(ends)].toSorted((a, b) => a - b);
  const last = distinct.find((end) => servingProblems(read, new Date(end + 1)).length > 0);
  return last === undefined ? set.now : new Date(last);
}
