import {
  dateProblems,
  extensionProblems,
  signatureProblems,
  usageProblems,
} from './certificate-problems.ts';
import { readPemCertificates } from './pem.ts';
import { keyProblems, readPrivateKey } from './private-key.ts';

/** A certificate authority: its own certificate and the key that signs others, both as PEM. */
export interface CertificateAuthority {
  readonly certificatePem: string;
  /** PKCS#8, unencrypted. */
  readonly privateKeyPem: string;
}

/** NIST SP 800-57 part 1: 2048 bits are the least until 2030; more costs more in each handshake. */
export const RSA_KEY_BITS = 2048;

const WHAT = 'the CA certificate';

/**
 * What keeps a certificate authority, as read from a Secret, from signing serving certificates;
 * empty when it can. It never throws.
 */
export function verifyAuthority(
  { certificatePem, privateKeyPem }: CertificateAuthority,
  now: Date,
): readonly string[] {
  const { certificates, problems: unreadable } = readPemCertificates(certificatePem);
  const [certificate] = certificates;
  if (!certificate || certificates.length > 1 || unreadable.length > 0)
    return [`${WHAT} must be exactly one readable PEM block`];
  const { publicKey, basicConstraints } = certificate;
  if (publicKey.algorithm !== 'RSA') return ['the CA key is not an RSA key'];

  const problems = [
    ...dateProblems(WHAT, certificate, now),
    ...extensionProblems(WHAT, certificate),
    ...usageProblems(WHAT, certificate),
    ...keyProblems(readPrivateKey(privateKeyPem), certificates),
  ];
  const bits = publicKey.key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < RSA_KEY_BITS)
    problems.push(`${WHAT} has an RSA key of ${bits} bits; ${RSA_KEY_BITS} are the least`);
  if (basicConstraints?.isAuthority !== true) problems.push(`${WHAT} lacks the flag CA:TRUE`);
  const isSelfIssued = certificate.rawIssuer.equals(certificate.rawSubject);
  if (!isSelfIssued || signatureProblems(certificate, certificate).length > 0)
    problems.push(`${WHAT} is not signed by itself with the usage keyCertSign`);
  return problems;
}
