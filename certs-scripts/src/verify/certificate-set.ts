import type { KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { caName, leafProblems, sentProblems } from './certificate-problems.ts';
import type { Certificate } from './certificate.ts';
import { issuerProblems } from './issuer-problems.ts';
import { type PemCertificates, type PemPair, readPemCertificates } from './pem.ts';
import { keyProblems, privateKeyToPem, readPrivateKey } from './private-key.ts';

/** What a webhook serves with, and what its callers trust. */
export interface CertificateSet extends PemPair {
  /** One or several certificates that callers trust: `caBundle`. */
  readonly caPem: string;
  /** The names by which callers will verify it. */
  readonly dnsNames: readonly string[];
  readonly now: Date;
}

/** A set whose texts have been read. */
export interface ReadCertificateSet {
  /** `undefined` if what callers trust is not known: then the chain is not judged. */
  readonly bundle: PemCertificates | undefined;
  readonly chain: PemCertificates;
  readonly privateKey: KeyObject | undefined;
  readonly dnsNames: readonly string[];
}

/** Go's TLS reads no longer list of certificates: `maxHandshakeCertificateMsg`, less what frames them. */
const MAX_SENT_BYTES = 256 * 1024 - 16;

/** What TLS puts before and behind each certificate in its list (RFC 8446 §4.4.2). */
const FRAME_BYTES = 5;

/** Reads the texts of a set. It never throws: what is wrong shows in `servingProblems`. */
export function readCertificateSet({
  caPem,
  certificatePem,
  privateKeyPem,
  dnsNames,
}: Omit<CertificateSet, 'now' | 'caPem'> & {
  readonly caPem?: string | undefined;
}): ReadCertificateSet {
  return {
    bundle: caPem === undefined ? undefined : readPemCertificates(caPem),
    chain: readPemCertificates(certificatePem),
    privateKey: readPrivateKey(privateKeyPem),
    dnsNames,
  };
}

/**
 * What is wrong with a certificate set, in plain sentences; empty when the API server will accept
 * it. The verdict is that of Go's `crypto/x509` `Certificate.Verify` and of its TLS client; what is
 * refused besides is listed in `docs/decisions/0010-one-verifier-of-certificates.md`. It never throws:
 * junk is a problem too. The sentences hold names and dates, never key material.
 */
export function verifyCertificateSet(set: CertificateSet): readonly string[] {
  const read = readCertificateSet(set);
  return [...new Set([...bundleProblems(read), ...servingProblems(read, set.now)])];
}

/** What keeps a set from being called by an API server, or from being served by OpenSSL. */
export function servingProblems(read: ReadCertificateSet, now: Date): readonly string[] {
  const { bundle, chain, privateKey, dnsNames } = read;
  const [leaf, ...intermediates] = chain.certificates;
  if (!leaf || chain.problems.length > 0) {
    return chain.problems.map((problem) => `the certificate ${problem}`);
  }
  const problems = [
    ...leafProblems(leaf, dnsNames, now),
    ...chain.certificates.flatMap((certificate, index) =>
      sentProblems(index === 0 ? 'the certificate' : caName(certificate), certificate),
    ),
    ...sizeProblems(chain.certificates),
    ...keyProblems(privateKey, chain.certificates),
    ...(bundle ? issuerProblems(leaf, intermediates, bundle, now) : []),
  ];
  // OpenSSL comes last: it says less about the same problems.
  return problems.length === 0 ? tlsProblems(read) : problems;
}

/** What TLS serves a set with: both as PEM in one canonical form, whatever the texts looked like. */
export function toServingPem({ chain, privateKey }: ReadCertificateSet) {
  return {
    certificatePem: chain.certificates.map(({ pem }) => pem).join(''),
    privateKeyPem: privateKey ? privateKeyToPem(privateKey) : '',
  };
}

/** What callers would pass over, but a person did not mean. */
function bundleProblems({ bundle }: ReadCertificateSet): string[] {
  const key = 'the CA bundle holds a private key: everybody can read the bundle';
  return [
    ...(bundle?.hasPrivateKey ? [key] : []),
    ...(bundle?.problems.map((problem) => `the CA bundle ${problem}`) ?? []),
  ];
}

function sizeProblems(chain: readonly Certificate[]): string[] {
  const bytes = chain.reduce((sum, { x509 }) => sum + x509.raw.length + FRAME_BYTES, 0);
  if (bytes <= MAX_SENT_BYTES) return [];
  return [`the certificate has ${bytes} bytes of intermediates with it; Go takes ${MAX_SENT_BYTES} at most`];
}

/** The library's message stays out: it may describe the text of the key. Its code does not. */
function tlsProblems(read: ReadCertificateSet): string[] {
  const { certificatePem: cert, privateKeyPem: key } = toServingPem(read);
  try {
    createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
    return [];
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return [`OpenSSL does not serve the certificate${code}`];
  }
}
