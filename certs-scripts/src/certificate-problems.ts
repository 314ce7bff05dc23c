import { createPrivateKey, type KeyObject, sign, verify, type X509Certificate } from 'node:crypto';
import { createError, type ErrorCode } from '@ecr-pull-secrets/shared/errors.ts';
import { RSA_KEY_BITS } from './key-pair.ts';

/** `id-kp-serverAuth` and `anyExtendedKeyUsage` (RFC 5280 §4.2.1.12). */
const SERVER_USAGES = new Set(['1.3.6.1.5.5.7.3.1', '2.5.29.37.0']);

/** Go's `crypto/x509` refuses these signatures (`InsecureAlgorithmError`). */
const WEAK_SIGNATURE = /md[245]|sha1/i;

/** RFC 1123 §2.1. Other names make `checkHost` throw, or match though no caller can ask for them. */
const DNS_NAME =
  /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/i;

/**
 * Nothing if there are no problems.
 *
 * @throws an error of the code whose message lists the problems
 */
export function throwIfAny(problems: readonly string[], code: ErrorCode): void {
  if (problems.length > 0) throw createError(code, problems.join('; '));
}

/** Whether callers can ask for a server by this name. */
export function isDnsName(text: string): boolean {
  return DNS_NAME.test(text);
}

/** A subject or issuer on one line. Of an empty one Node makes `undefined` up to 24.21, and an empty text since. */
export function oneLine(distinguishedName: string | undefined): string {
  return distinguishedName?.replaceAll('\n', ', ') || '(no name)';
}

/** Whether the instant lies within the certificate's dates. */
export function isValidAt(certificate: X509Certificate, now: Date): boolean {
  return certificate.validFromDate <= now && now <= certificate.validToDate;
}

/** What is wrong with the dates. `what` names the certificate in the sentences. */
export function dateProblems(what: string, certificate: X509Certificate, now: Date): string[] {
  if (isValidAt(certificate, now)) return [];
  if (now < certificate.validFromDate)
    return [`${what} is not valid before ${certificate.validFromDate.toISOString()}`];
  return [`${what} expired at ${certificate.validToDate.toISOString()}`];
}

/** What Go, and with it the API server, would refuse in any certificate. */
export function formProblems(what: string, certificate: X509Certificate): string[] {
  const problems: string[] = [];
  // Go 1.23 and later: `x509: negative serial number`.
  if (certificate.serialNumber.startsWith('-'))
    problems.push(`${what} has a negative serial number`);
  // Nobody checks a signature by itself.
  const selfSigned = certificate.subject === certificate.issuer;
  if (!selfSigned && WEAK_SIGNATURE.test(certificate.signatureAlgorithm ?? ''))
    problems.push(`${what} is signed with ${certificate.signatureAlgorithm}, which Go refuses`);
  const bits = certificate.publicKey.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < RSA_KEY_BITS)
    problems.push(`${what} has an RSA key of ${bits} bits; ${RSA_KEY_BITS} are the least`);
  return problems;
}

/** What keeps a certificate from serving TLS under the names. */
export function serverProblems(
  certificate: X509Certificate,
  dnsNames: readonly string[],
): string[] {
  const problems = dnsNames.flatMap((name) => nameProblems(certificate, name));
  const usages: readonly string[] | undefined = certificate.keyUsage;
  if (usages && !usages.some((usage) => SERVER_USAGES.has(usage)))
    problems.push('the certificate is not for servers: its extended key usage lacks serverAuth');
  return problems;
}

/**
 * What keeps the private key from serving with the certificate. It is tried rather than compared:
 * `checkPrivateKey` looks at the public half only, and passes a key whose private half is damaged.
 */
export function keyProblems(certificate: X509Certificate, privateKeyPem: string): string[] {
  const privateKey = readPrivateKey(privateKeyPem);
  // The library's message stays out: it describes the key's text.
  if (!privateKey) return ['the private key cannot be read: it must be an unencrypted PEM block'];
  return isPair(certificate.publicKey, privateKey)
    ? []
    : ['the private key does not belong to the certificate'];
}

function readPrivateKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

function isPair(publicKey: KeyObject, privateKey: KeyObject): boolean {
  const probe = Buffer.from('probe');
  try {
    // No digest named: the usual one of the key's type.
    return verify(null, probe, publicKey, sign(null, probe, privateKey));
  } catch {
    return false;
  }
}

function nameProblems(certificate: X509Certificate, name: string): string[] {
  if (!isDnsName(name)) return [`${JSON.stringify(name)} is not a DNS name`];
  // Go reads neither the common name nor partial wildcards; OpenSSL reads both unless told not to.
  const covered = certificate.checkHost(name, { subject: 'never', partialWildcards: false });
  return covered === undefined
    ? [`the certificate is not for ${name}: add it to the subject alternative names`]
    : [];
}
