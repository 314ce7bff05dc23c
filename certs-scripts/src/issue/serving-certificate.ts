import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { certificateDates, datesOfNew } from '../verify/certificate-dates.ts';
import { generateRsaKeyPair, type KeyPair } from './key-pair.ts';
import { createSerialNumber, type RandomBytes } from './serial-number.ts';
import { commonNameField, signCertificate } from './signed-certificate.ts';
import { verifyAuthority } from '../verify/certificate-authority.ts';
import { verifyCertificateSet } from '../verify/certificate-set.ts';
import type { Certificate } from '../verify/certificate.ts';
import { readPemCertificates } from '../verify/pem.ts';
import { privateKeyToPem, readPrivateKey } from '../verify/private-key.ts';
import { throwIfAny } from '../verify/throw-if-any.ts';

/** What a webhook serves with, both as PEM. */
export interface ServingCertificate {
  /**
   * The serving certificate alone. The API server takes the CA from `caBundle`; to send it along
   * would make each handshake larger and prove nothing.
   */
  readonly certificatePem: string;
  /** PKCS#8, unencrypted. */
  readonly privateKeyPem: string;
}

export interface ServingCertificateOptions {
  readonly serviceName: string;
  readonly namespace: string;
  readonly extraDnsNames?: readonly string[];
  readonly now: Date;
  readonly lifetimeMs?: number;
  /** A fresh RSA pair unless given. */
  readonly keyPair?: KeyPair;
  /** The system's unless given. */
  readonly randomBytes?: RandomBytes;
}

/** Seven days, as cert-manager's webhook: short enough to need no revocation. */
export const DEFAULT_SERVING_LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;

/** `GeneralName` choice `dNSName` (RFC 5280 §4.2.1.6). */
const DNS_NAME = 2;

/**
 * The names under which a Service is reached from within the cluster, the one that the API server
 * asks for (`<service>.<namespace>.svc`: apiserver/pkg/util/webhook/client.go) among them.
 */
function serviceDnsNames(serviceName: string, namespace: string): readonly string[] {
  const short = `${serviceName}.${namespace}`;
  return [serviceName, short, `${short}.svc`, `${short}.svc.cluster.local`];
}

/**
 * Makes a serving certificate for a Service, signed by the authority. It never outlives the
 * authority's own certificate.
 *
 * @throws ECRPS_CERTIFICATE_AUTHORITY_INVALID when the authority cannot sign
 * @throws ECRPS_CERTIFICATE_INVALID when the result does not stand up to `verifyCertificateSet`
 */
export async function createServingCertificate(
  authority: CertificateAuthority,
  options: ServingCertificateOptions,
): Promise<ServingCertificate> {
  const { now, serviceName, namespace, extraDnsNames = [] } = options;
  throwIfAny(verifyAuthority(authority, now), 'ECRPS_CERTIFICATE_AUTHORITY_INVALID');

  const { publicKey, privateKey } = options.keyPair ?? (await generateRsaKeyPair());
  const dnsNames = [...new Set([...serviceDnsNames(serviceName, namespace), ...extraDnsNames])];
  const [issuer] = readPemCertificates(authority.certificatePem).certificates;
  const authorityKey = readPrivateKey(authority.privateKeyPem);
  if (!issuer || !authorityKey)
    throw createError('ECRPS_CERTIFICATE_AUTHORITY_INVALID', 'it cannot be read');
  const certificatePem = await signCertificate(
    {
      serialNumber: createSerialNumber(options.randomBytes),
      ...datesOfNew(now, lifetimeUnder(authority, options)),
      // A label of at most 63 characters; a full DNS name may be too long for a common name.
      subject: [commonNameField(serviceName)],
      issuer: issuer.rawSubject,
      publicKey,
      extensions: servingExtensions(dnsNames, issuer),
    },
    authorityKey,
  );
  const serving = { certificatePem, privateKeyPem: privateKeyToPem(privateKey) };

  const set = { ...serving, caPem: authority.certificatePem, dnsNames, now };
  throwIfAny(verifyCertificateSet(set), 'ECRPS_CERTIFICATE_INVALID');
  return serving;
}

function lifetimeUnder(
  authority: CertificateAuthority,
  options: ServingCertificateOptions,
): number {
  const { notAfter } = certificateDates(authority.certificatePem);
  const authorityLeftMs = notAfter.getTime() - options.now.getTime();
  return Math.min(options.lifetimeMs ?? DEFAULT_SERVING_LIFETIME_MS, authorityLeftMs);
}

function servingExtensions(dnsNames: readonly string[], issuer: Certificate): object[] {
  return [
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectAltName', altNames: dnsNames.map((value) => ({ type: DNS_NAME, value })) },
    { name: 'subjectKeyIdentifier' },
    ...(issuer.subjectKeyId.length > 0
      ? [{ name: 'authorityKeyIdentifier', keyIdentifier: issuer.subjectKeyId.toString('latin1') }]
      : []),
  ];
}
