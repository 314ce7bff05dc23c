import { dateProblems, extensionProblems, signatureProblems, usageProblems } from './certificate-problems.ts';
import type { Certificate } from './certificate.ts';
import { type PemPair, readPemCertificates } from './pem.ts';
import { keyProblems, readPrivateKey } from './private-key.ts';

/** NIST SP 800-57 part 1: 2048 bits are the least until 2030; more costs more in each handshake. */
export const RSA_KEY_BITS = 2048;

const WHAT = 'the CA certificate';

/** A CA whose texts have been read, and whose key has been tried. */
export interface ReadCa {
  /** `undefined` if it is not exactly one readable certificate. */
  readonly certificate: Certificate | undefined;
  /** What keeps it from signing at any time. */
  readonly problems: readonly string[];
}

/**
 * What keeps a CA, as read from a Secret, from signing serving certificates; empty if it can sign.
 * It never throws.
 */
export function verifyCa(ca: PemPair, now: Date): readonly string[] {
  return caProblemsAt(readCa(ca), now);
}

/** The same for a CA that has been read: without an RSA operation, for a caller that looks often. */
export function caProblemsAt({ certificate, problems }: ReadCa, now: Date): readonly string[] {
  return certificate ? [...dateProblems(WHAT, certificate, now), ...problems] : problems;
}

/** Reads a CA, and tries its key by signing something and verifying that. It never throws. */
export function readCa({ certificatePem, privateKeyPem }: PemPair): ReadCa {
  const { certificates, problems: unreadable } = readPemCertificates(certificatePem);
  const [certificate] = certificates;
  if (!certificate || certificates.length > 1 || unreadable.length > 0)
    return { certificate: undefined, problems: [`${WHAT} must be exactly one readable PEM block`] };
  const { publicKey, basicConstraints } = certificate;
  if (publicKey.algorithm !== 'RSA') return { certificate: undefined, problems: ['the CA key is not an RSA key'] };

  const problems = [
    ...extensionProblems(WHAT, certificate),
    ...usageProblems(WHAT, certificate),
    ...keyProblems(readPrivateKey(privateKeyPem), certificates),
  ];
  const bits = publicKey.key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < RSA_KEY_BITS) problems.push(`${WHAT} has an RSA key of ${bits} bits; ${RSA_KEY_BITS} are the least`);
  if (basicConstraints?.isCa !== true) problems.push(`${WHAT} lacks the flag CA:TRUE`);
  const isSelfIssued = certificate.rawIssuer.equals(certificate.rawSubject);
  if (!isSelfIssued || signatureProblems(certificate, certificate).length > 0)
    problems.push(`${WHAT} is not signed by itself with the usage keyCertSign`);
  return { certificate, problems };
}
