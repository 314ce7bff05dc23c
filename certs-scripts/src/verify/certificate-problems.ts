import type { X509Certificate } from 'node:crypto';
import type { Certificate } from './certificate.ts';

/** RSA keys below this are refused by Go 1.24 and later, whatever they are used for (`checkKeySize`). */
const GO_RSA_BITS = 1024;

/** OpenSSL serves with no smaller RSA key: that is less than the 112 bits of its security level 2. */
const OPENSSL_RSA_BITS = 2048;

/** Larger RSA keys in what a server sends are refused by Go's TLS (`defaultMaxRSAKeySize`). */
const GO_TLS_RSA_BITS = 8192;

/** Curves, by OpenSSL's names, of keys that sign TLS 1.3 handshakes (RFC 8446 §4.2.3). */
const TLS_CURVES = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** `id-kp-serverAuth` and `anyExtendedKeyUsage` (RFC 5280 §4.2.1.12). */
const SERVER_USAGES = new Set(['1.3.6.1.5.5.7.3.1', '2.5.29.37.0']);

/** RFC 1123 §2.1. Callers can use no other name. */
const DNS_NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/i;

/** Whether callers can call a server by this name. */
export function isDnsName(text: string): boolean {
  return DNS_NAME.test(text);
}

/** A subject or issuer on one line. Node gives `undefined` for an empty one up to 24.21, and an empty text since. */
export function oneLine(distinguishedName: string | undefined): string {
  return distinguishedName?.replaceAll('\n', ', ') || '(no name)';
}

/** How sentences call a certificate that is not the leaf. */
export function caName({ x509 }: Certificate): string {
  return `the CA certificate ${oneLine(x509.subject)}`;
}

/** What is wrong with the dates. `what` names the certificate in the sentences. */
export function dateProblems(
  what: string,
  { notBefore, notAfter }: Pick<Certificate, 'notBefore' | 'notAfter'>,
  now: Date,
): string[] {
  if (now < notBefore) return [`${what} is not valid before ${notBefore.toISOString()}`];
  if (now > notAfter) return [`${what} expired at ${notAfter.toISOString()}`];
  return [];
}

/** What keeps the leaf from serving the names, whatever CA signed it. */
export function leafProblems(leaf: Certificate, dnsNames: readonly string[], now: Date): string[] {
  const what = 'the certificate';
  return [
    ...dateProblems(what, leaf, now),
    ...extensionProblems(what, leaf),
    ...dnsNames.flatMap((name) => nameProblems(leaf, name)),
    ...usageProblems(what, leaf),
    ...leafKeyProblems(leaf),
  ];
}

/** Why Go does not take the signature of a certificate for one of the issuer's. */
export function signatureProblems(certificate: Certificate, issuer: Certificate): string[] {
  const { keyAlgorithm, name } = certificate.signatureAlgorithm;
  const { basicConstraints, publicKey } = issuer;
  const what = caName(issuer);
  const signed = `${oneLine(certificate.x509.subject)} is signed with ${name}`;
  const isCa = basicConstraints?.isCa ?? issuer.version < 3;
  if (!isCa) return [`${what} lacks the flag CA:TRUE`];
  if (issuer.maySignCertificates === false) {
    return [`${what} may not sign certificates: its key usage lacks keyCertSign`];
  }
  if (keyAlgorithm === undefined) return [`${signed}, which Go refuses`];
  if (publicKey.algorithm !== keyAlgorithm) return [`${signed}, but ${what} has another key`];
  const keyProblems = rsaProblems(what, issuer);
  if (keyProblems.length > 0) return keyProblems;
  if (isSignedBy(certificate.x509, issuer)) return [];
  return [`${what} has the name of an issuer, but its key did not sign the certificate`];
}

/**
 * What keeps a certificate from its place in a chain: Go's `isValid`.
 *
 * @param pathLength - how many intermediates are between it and the leaf
 */
export function caProblems(ca: Certificate, role: 'root' | 'intermediate', pathLength: number, now: Date): string[] {
  const what = caName(ca);
  const { basicConstraints } = ca;
  const problems = [...extensionProblems(what, ca), ...dateProblems(what, ca, now)];
  if (role === 'intermediate' && basicConstraints?.isCa !== true) {
    problems.push(`${what} lacks the flag CA:TRUE`);
  }
  const maxPathLength = basicConstraints?.maxPathLength ?? Number.POSITIVE_INFINITY;
  if (pathLength > maxPathLength) {
    problems.push(`${what} allows ${maxPathLength} intermediates below it, not ${pathLength}`);
  }
  return problems;
}

/** What is wrong with the purposes that a certificate, leaf or not, is limited to. */
export function usageProblems(what: string, { extendedKeyUsages }: Certificate): string[] {
  const isForServers = extendedKeyUsages.length === 0 || extendedKeyUsages.some((usage) => SERVER_USAGES.has(usage));
  if (isForServers) return [];
  return [`${what} is not for servers: its extended key usage lacks serverAuth`];
}

/** What keeps a server from sending a certificate, first or behind it: OpenSSL's least, Go's most. */
export function sentProblems(what: string, { publicKey }: Certificate): string[] {
  const bits = publicKey.key.asymmetricKeyDetails?.modulusLength;
  if (bits === undefined || publicKey.algorithm !== 'RSA') return [];
  const rule = bits < OPENSSL_RSA_BITS ? `${OPENSSL_RSA_BITS} are the least` : 'too many for Go';
  return bits < OPENSSL_RSA_BITS || bits > GO_TLS_RSA_BITS ? [`${what} has an RSA key of ${bits} bits; ${rule}`] : [];
}

/** What Go refuses in an RSA key, whatever it is used for. */
function rsaProblems(what: string, { publicKey }: Certificate): string[] {
  const bits = publicKey.key.asymmetricKeyDetails?.modulusLength ?? GO_RSA_BITS;
  return bits < GO_RSA_BITS ? [`${what} has an RSA key of ${bits} bits, which Go refuses`] : [];
}

/** Critical extensions that Go does not handle. */
export function extensionProblems(what: string, { unhandledCritical }: Certificate): string[] {
  return unhandledCritical.map((id) => `${what} has a critical extension that Go does not handle: ${id}`);
}

function leafKeyProblems(leaf: Certificate): string[] {
  const { algorithm, key } = leaf.publicKey;
  const curve = key.asymmetricKeyDetails?.namedCurve ?? '';
  const isForTls = algorithm === 'ECDSA' ? TLS_CURVES.has(curve) : algorithm !== undefined;
  if (isForTls) return [];
  const kind = [key.asymmetricKeyType, curve].join(' ').trim();
  return [`the certificate has a key that Go takes for no server: ${kind}`];
}

function isSignedBy(certificate: X509Certificate, { publicKey }: Certificate): boolean {
  try {
    return certificate.verify(publicKey.key);
  } catch {
    return false;
  }
}

function nameProblems(certificate: Certificate, name: string): string[] {
  if (!isDnsName(name)) return [`${JSON.stringify(name)} is not a DNS name`];
  if (isForName(certificate, name)) return [];
  return [`the certificate is not for ${name}: add it to the subject alternative names`];
}

/**
 * Go's `VerifyHostname` for a DNS name: a wildcard is a whole label, the first one. Neither the common
 * name nor part of a label counts.
 */
function isForName({ alternativeNames }: Certificate, name: string): boolean {
  const wanted = name.toLowerCase();
  const behindFirstLabel = wanted.split('.').slice(1).join('.');
  return (alternativeNames?.dns ?? []).some((candidate) => {
    const pattern = candidate.toLowerCase();
    if (pattern === wanted) return true;
    return pattern === `*.${behindFirstLabel}` && behindFirstLabel !== '';
  });
}
