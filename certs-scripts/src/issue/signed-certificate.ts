import { type KeyObject, sign, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import forge from 'node-forge';

declare module 'node-forge' {
  namespace pki {
    /** The part of a certificate that is signed; its types leave it out. */
    function getTBSCertificate(certificate: Certificate): asn1.Asn1;
  }
}

/** What a certificate says, in node-forge's terms, before it is signed. */
export interface CertificateTemplate {
  /** Hex digits of `createSerialNumber`. */
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly subject: readonly forge.pki.CertificateField[];
  /** Of another CA its subject in DER, to the octet: callers compare the two so. */
  readonly issuer: readonly forge.pki.CertificateField[] | Buffer;
  readonly publicKey: KeyObject;
  readonly extensions: readonly object[];
}

/** Where a name may hold any character; node-forge's default PrintableString has not even `_`. */
const UTF8_STRING: number = forge.asn1.Type.UTF8;

/** Where the issuer stands in what is signed: behind version, serial number and algorithm (RFC 5280 §4.1). */
const ISSUER_INDEX = 3;

const signAsync = promisify(sign);

/** The subject attribute `CN`. */
export function commonNameField(value: string): forge.pki.CertificateField {
  // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- @types says Class, it is a Type
  return { type: '2.5.4.3', value, valueTagClass: UTF8_STRING };
}

/** The subject attribute `serialNumber`, a PrintableString: it distinguishes subjects of one name. */
export function subjectSerialNumberField(value: string): forge.pki.CertificateField {
  return { type: '2.5.4.5', value };
}

/**
 * Makes a version 3 certificate, signed with RSA and SHA-256, as PEM.
 *
 * node-forge encodes it, node:crypto signs it: node-forge's own RSA takes 40 ms of the event loop
 * for each signature, is not constant in time, and defaults to SHA-1.
 */
export async function signCertificate(template: CertificateTemplate, issuerKey: KeyObject): Promise<string> {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = toForgePublicKey(template.publicKey);
  certificate.serialNumber = template.serialNumber;
  certificate.validity.notBefore = template.notBefore;
  certificate.validity.notAfter = template.notAfter;
  certificate.setSubject([...template.subject]);
  const { issuer } = template;
  certificate.setIssuer(Buffer.isBuffer(issuer) ? [] : [...issuer]);
  certificate.setExtensions([...template.extensions]);

  const algorithm = forge.pki.oids.sha256WithRSAEncryption ?? '';
  certificate.signatureOid = algorithm;
  certificate.siginfo.algorithmOid = algorithm;
  certificate.tbsCertificate = forge.pki.getTBSCertificate(certificate);
  if (Buffer.isBuffer(issuer)) replaceIssuer(certificate.tbsCertificate, issuer);
  const toBeSigned = Buffer.from(forge.asn1.toDer(certificate.tbsCertificate).getBytes(), 'latin1');
  const signature = await signAsync('sha256', toBeSigned, issuerKey);
  certificate.signature = signature.toString('latin1');

  // node-forge ends lines with CRLF; read and written again, the PEM is as that of other programs.
  return new X509Certificate(forge.pki.certificateToPem(certificate)).toString();
}

/**
 * node-forge does not write a name as it has read it: attributes that share a set come apart,
 * and UTF-8 is encoded twice.
 */
function replaceIssuer(toBeSigned: forge.asn1.Asn1, issuer: Buffer): void {
  if (typeof toBeSigned.value === 'string') throw new TypeError('no certificate');
  toBeSigned.value[ISSUER_INDEX] = forge.asn1.fromDer(issuer.toString('latin1'));
}

function toForgePublicKey(publicKey: KeyObject): forge.pki.rsa.PublicKey {
  return forge.pki.publicKeyFromPem(publicKey.export({ type: 'spki', format: 'pem' }).toString());
}
