import { X509Certificate } from 'node:crypto';

/** What was found in a PEM text. */
export interface Bundle {
  /** In their order; each has dates and a public key. */
  readonly certificates: readonly X509Certificate[];
  /** How many blocks could not be read. */
  readonly unreadable: number;
}

/** Base64 has no hyphen, so a match ends at the next one: linear in time, whatever the text. */
const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Reads every `CERTIFICATE` block of a PEM text; other text is passed over. It never throws. */
export function readBundle(pem: string): Bundle {
  const certificates: X509Certificate[] = [];
  let unreadable = 0;
  for (const block of pem.match(CERTIFICATE_BLOCK) ?? []) {
    const certificate = readCertificate(block);
    if (certificate) certificates.push(certificate);
    else unreadable++;
  }
  return { certificates, unreadable };
}

/** The readable certificates of a bundle, one PEM block each, in one canonical form. */
export function splitBundle(pem: string): readonly string[] {
  return readBundle(pem).certificates.map((certificate) => certificate.toString());
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
  return readBundle(pem)
    .certificates.filter((certificate) => certificate.validToDate >= now)
    .map((certificate) => certificate.toString())
    .join('');
}

/**
 * OpenSSL reads dates and keys only when asked: a certificate without them is as good as unreadable.
 * The dates are judged by their texts: where those say `Bad time value`, Node 24's `validToDate` is
 * mostly an invalid date, but in a few of a thousand calls a random one.
 */
function readCertificate(block: string): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(block);
    const { publicKey, validFrom, validTo } = certificate;
    const isDated = !Number.isNaN(Date.parse(validFrom)) && !Number.isNaN(Date.parse(validTo));
    return isDated && publicKey.type === 'public' ? certificate : undefined;
  } catch {
    return undefined;
  }
}
