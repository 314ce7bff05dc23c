import { throwIfAny } from '@ecr-pull-secrets/shared/errors.ts';
import { verifyCa } from '../verify/ca.ts';
import { datesOfNew } from '../verify/certificate-dates.ts';
import type { PemPair } from '../verify/pem.ts';
import { privateKeyToPem } from '../verify/private-key.ts';
import { generateRsaKeyPair, type KeyPair } from './key-pair.ts';
import { createSerialNumber } from './serial-number.ts';
import { commonNameField, signCertificate, subjectSerialNumberField } from './signed-certificate.ts';

export interface CaOptions {
  /** What people will read in the subject; at most 64 characters (RFC 5280 ub-common-name). */
  readonly commonName: string;
  readonly now: Date;
  readonly lifetimeMs?: number;
  /** The default is a new RSA pair. */
  readonly keyPair?: KeyPair;
}

/** One year, as cert-manager's webhook CA: its rotation is rare, yet no year passes without one. */
export const DEFAULT_CA_LIFETIME_MS = 365 * 24 * 60 * 60 * 1000;

/**
 * Makes a self-signed CA that may sign serving certificates and nothing deeper.
 *
 * Each CA has a subject of its own. During a rotation `caBundle` holds two CAs, and Go looks
 * issuers up by subject (`crypto/x509` `findPotentialParents`): with one subject for both it would
 * try the wrong key as well.
 *
 * @throws ECRPS_CERTIFICATE_INVALID if `verifyCa` refuses the result
 */
export async function createCa(options: CaOptions): Promise<PemPair> {
  const { commonName, now, lifetimeMs = DEFAULT_CA_LIFETIME_MS } = options;
  const { publicKey, privateKey } = options.keyPair ?? (await generateRsaKeyPair());
  const serialNumber = createSerialNumber();
  const subject = [commonNameField(commonName), subjectSerialNumberField(serialNumber)];
  const extensions = [
    { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
    { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
    { name: 'subjectKeyIdentifier' },
  ];
  const dates = datesOfNew(now, lifetimeMs);
  const certificatePem = await signCertificate(
    { serialNumber, ...dates, subject, issuer: subject, publicKey, extensions },
    privateKey,
  );
  const ca = { certificatePem, privateKeyPem: privateKeyToPem(privateKey) };
  throwIfAny(verifyCa(ca, now), 'ECRPS_CERTIFICATE_INVALID');
  return ca;
}
