import { createError, throwIfAny } from '@ecr-pull-secrets/shared/errors.ts';
import { verifyCa } from '../verify/ca.ts';
import { certificateDates, datesOfNew } from '../verify/certificate-dates.ts';
import { verifyCertificateSet } from '../verify/certificate-set.ts';
import type { Certificate } from '../verify/certificate.ts';
import { type PemPair, readPemCertificates } from '../verify/pem.ts';
import { privateKeyToPem, readPrivateKey } from '../verify/private-key.ts';
import { generateRsaKeyPair, type KeyPair } from './key-pair.ts';
import { createSerialNumber } from './serial-number.ts';
import { commonNameField, signCertificate } from './signed-certificate.ts';

export interface ServingCertificateOptions {
  readonly serviceName: string;
  readonly namespace: string;
  readonly extraDnsNames?: readonly string[];
  readonly now: Date;
  readonly lifetimeMs?: number;
  /** The default is a new RSA pair. */
  readonly keyPair?: KeyPair;
}

/** Seven days, as cert-manager's webhook: short enough to need no revocation. */
export const DEFAULT_SERVING_LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;

/** `GeneralName` choice `dNSName` (RFC 5280 §4.2.1.6). */
const DNS_NAME = 2;

/**
 * The names under which a Service is reached from within the cluster, the one that the API server
 * verifies (`<service>.<namespace>.svc`: apiserver/pkg/util/webhook/client.go) among them.
 */
function serviceDnsNames(serviceName: string, namespace: string): readonly string[] {
  const short = `${serviceName}.${namespace}`;
  return [serviceName, short, `${short}.svc`, `${short}.svc.cluster.local`];
}

/**
 * Makes a serving certificate for a Service, signed by the CA. It never outlives the CA's own certificate,
 * and comes without it: the API server takes the CA from `caBundle`, and to send it along would make
 * each handshake larger and prove nothing.
 *
 * @throws ECRPS_CA_INVALID if the CA cannot sign
 * @throws ECRPS_CERTIFICATE_INVALID if `verifyCertificateSet` refuses the result
 */
export async function createServingCertificate(ca: PemPair, options: ServingCertificateOptions): Promise<PemPair> {
  const { now, serviceName, namespace, extraDnsNames = [] } = options;
  throwIfAny(verifyCa(ca, now), 'ECRPS_CA_INVALID');

  const { publicKey, privateKey } = options.keyPair ?? (await generateRsaKeyPair());
  const dnsNames = [...new Set([...serviceDnsNames(serviceName, namespace), ...extraDnsNames])];
  const [issuer] = readPemCertificates(ca.certificatePem).certificates;
  const caKey = readPrivateKey(ca.privateKeyPem);
  if (!issuer || !caKey) throw createError('ECRPS_CA_INVALID', 'it cannot be read');
  const certificatePem = await signCertificate(
    {
      serialNumber: createSerialNumber(),
      ...datesOfNew(now, lifetimeUnder(ca, options)),
      // A label of at most 63 characters; a full DNS name may be too long for a common name.
      subject: [commonNameField(serviceName)],
      issuer: issuer.rawSubject,
      publicKey,
      extensions: servingExtensions(dnsNames, issuer),
    },
    caKey,
  );
  const serving = { certificatePem, privateKeyPem: privateKeyToPem(privateKey) };

  const set = { ...serving, caPem: ca.certificatePem, dnsNames, now };
  throwIfAny(verifyCertificateSet(set), 'ECRPS_CERTIFICATE_INVALID');
  return serving;
}

function lifetimeUnder(ca: PemPair, options: ServingCertificateOptions): number {
  const { notAfter } = certificateDates(ca.certificatePem);
  const caLeftMs = notAfter.getTime() - options.now.getTime();
  return Math.min(options.lifetimeMs ?? DEFAULT_SERVING_LIFETIME_MS, caLeftMs);
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
