import { datesOfNew } from '../verify/certificate-dates.ts';
import { generateRsaKeyPair, type KeyPair } from './key-pair.ts';
import { createSerialNumber, type RandomBytes } from './serial-number.ts';
import {
  commonNameField,
  signCertificate,
  subjectSerialNumberField,
} from './signed-certificate.ts';
import { type CertificateAuthority, verifyAuthority } from '../verify/certificate-authority.ts';
import { privateKeyToPem } from '../verify/private-key.ts';
import { throwIfAny } from '../verify/throw-if-any.ts';

export type { CertificateAuthority } from '../verify/certificate-authority.ts';

export interface CertificateAuthorityOptions {
  /** What people will read in the subject; at most 64 characters (RFC 5280 ub-common-name). */
  readonly commonName: string;
  readonly now: Date;
  readonly lifetimeMs?: number;
  /** A fresh RSA pair unless given. */
  readonly keyPair?: KeyPair;
  /** The system's unless given. */
  readonly randomBytes?: RandomBytes;
}

/** One year, as cert-manager's webhook CA: its rotation is rare, yet no year passes without one. */
export const DEFAULT_CA_LIFETIME_MS = 365 * 24 * 60 * 60 * 1000;

/**
 * Makes a self-signed certificate authority that may sign serving certificates and nothing deeper.
 *
 * Each has a subject of its own. During a rotation `caBundle` holds two of them, and Go looks
 * issuers up by subject (`crypto/x509` `findPotentialParents`): with one subject for both it would
 * try the wrong key as well.
 *
 * @throws ECRPS_CERTIFICATE_INVALID when the result does not stand up to `verifyAuthority`
 */
export async function createCertificateAuthority(
  options: CertificateAuthorityOptions,
): Promise<CertificateAuthority> {
  const { commonName, now, lifetimeMs = DEFAULT_CA_LIFETIME_MS } = options;
  const { publicKey, privateKey } = options.keyPair ?? (await generateRsaKeyPair());
  const serialNumber = createSerialNumber(options.randomBytes);
  const subject = [commonNameField(commonName), subjectSerialNumberField(serialNumber)];
  const extensions = [
    { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
    { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
    { name: 'subjectKeyIdentifier' },
  ];
  const certificatePem = await signCertificate(
    {
      serialNumber,
      ...datesOfNew(now, lifetimeMs),
      subject,
      issuer: subject,
      publicKey,
      extensions,
    },
    privateKey,
  );
  const authority = { certificatePem, privateKeyPem: privateKeyToPem(privateKey) };

  throwIfAny(verifyAuthority(authority, now), 'ECRPS_CERTIFICATE_INVALID');
  return authority;
}
