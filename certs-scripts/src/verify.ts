import type { X509Certificate } from 'node:crypto';
import { readBundle } from './bundle.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import {
  dateProblems,
  formProblems,
  isValidAt,
  keyProblems,
  oneLine,
  serverProblems,
} from './certificate-problems.ts';

/** What a webhook serves with, and what its callers trust. */
export interface CertificateSet {
  /** One or several certificates that callers trust: `caBundle`. */
  readonly caPem: string;
  /** The serving certificate, then its intermediates if it has any. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** The names that callers will ask for. */
  readonly dnsNames: readonly string[];
  readonly now: Date;
}

/** More issuers than this above one certificate is a loop or a joke. */
const MAX_CHAIN_LENGTH = 8;

const PRIVATE_KEY_BLOCK = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/**
 * What is wrong with a certificate set, in plain sentences; empty when the API server will accept
 * it. The rules are those of Go's `crypto/x509` `Certificate.Verify`. It never throws: junk is a
 * problem too. The sentences hold names and dates, never key material.
 */
export function verifyCertificateSet(set: CertificateSet): readonly string[] {
  const roots = readBundle(set.caPem);
  const chain = readBundle(set.certificatePem);
  const [certificate, ...intermediates] = chain.certificates;
  if (!certificate || chain.unreadable > 0)
    return ['the certificate cannot be read: it must be PEM blocks that begin with CERTIFICATE'];

  const problems: string[] = [];
  if (PRIVATE_KEY_BLOCK.test(set.caPem))
    problems.push('the CA bundle holds a private key: everybody can read the bundle');
  if (roots.unreadable > 0 || roots.certificates.length === 0)
    problems.push(
      'the CA bundle cannot be read: it must be PEM blocks that begin with CERTIFICATE',
    );
  return [
    ...problems,
    ...dateProblems('the certificate', certificate, set.now),
    ...formProblems('the certificate', certificate),
    ...serverProblems(certificate, set.dnsNames),
    ...keyProblems(certificate, set.privateKeyPem),
    ...issuerProblems(certificate, intermediates, roots.certificates, set.now),
  ];
}

/**
 * What keeps a certificate authority, as read from a Secret, from signing serving certificates;
 * empty when it can. It never throws.
 */
export function verifyAuthority(authority: CertificateAuthority, now: Date): readonly string[] {
  const { certificates, unreadable } = readBundle(authority.certificatePem);
  const [certificate] = certificates;
  if (!certificate || certificates.length + unreadable !== 1)
    return ['the CA certificate must be exactly one readable PEM block'];
  if (certificate.publicKey.asymmetricKeyType !== 'rsa') return ['the CA key is not an RSA key'];

  const problems = [
    ...dateProblems('the CA certificate', certificate, now),
    ...formProblems('the CA certificate', certificate),
    ...keyProblems(certificate, authority.privateKeyPem),
  ];
  if (!certificate.ca) problems.push('the CA certificate lacks the flag CA:TRUE');
  if (!isIssuedBy(certificate, certificate))
    problems.push('the CA certificate is not signed by itself with the usage keyCertSign');
  return problems;
}

function issuerProblems(
  certificate: X509Certificate,
  intermediates: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  now: Date,
): string[] {
  // Go trusts a certificate that is itself in the pool, CA or not.
  if (roots.some((root) => root.fingerprint256 === certificate.fingerprint256)) return [];
  const issuers = findIssuers(certificate, intermediates, roots, now);
  if (!issuers) {
    const trusted = roots.map((root) => oneLine(root.subject)).join(' | ') || 'none';
    const issuer = oneLine(certificate.issuer);
    return [`no CA of the bundle signed the certificate: issuer ${issuer}, CAs ${trusted}`];
  }
  return issuers.flatMap((issuer) => authorityProblems(issuer, now));
}

function authorityProblems(authority: X509Certificate, now: Date): string[] {
  const what = `the CA certificate ${oneLine(authority.subject)}`;
  const problems = [...dateProblems(what, authority, now), ...formProblems(what, authority)];
  if (!authority.ca) problems.push(`${what} lacks the flag CA:TRUE`);
  return problems;
}

/** The issuers from the certificate's own up to one of the roots. */
function findIssuers(
  certificate: X509Certificate,
  intermediates: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  now: Date,
): X509Certificate[] | undefined {
  const issuers: X509Certificate[] = [];
  let current = certificate;
  while (issuers.length < MAX_CHAIN_LENGTH) {
    const root = findIssuer(current, roots, now);
    if (root) return [...issuers, root];
    const intermediate = findIssuer(current, intermediates, now);
    if (!intermediate) return undefined;
    issuers.push(intermediate);
    current = intermediate;
  }
  return undefined;
}

/** A renewed CA may share name and key with the one before: the one valid now is preferred. */
function findIssuer(
  certificate: X509Certificate,
  candidates: readonly X509Certificate[],
  now: Date,
): X509Certificate | undefined {
  const issuers = candidates.filter((candidate) => isIssuedBy(certificate, candidate));
  return issuers.find((issuer) => issuer.ca && isValidAt(issuer, now)) ?? issuers[0];
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
