import { X509Certificate } from 'node:crypto';
import { contextTag, createDerReader, type DerElement, type DerReader, readPart, TAG } from './der.ts';
import { checkDistinguishedName } from './distinguished-name.ts';
import { type Extensions, NO_EXTENSIONS, readExtensions } from './extensions.ts';
import { type PublicKey, readPublicKey } from './public-key.ts';
import { readSignatureAlgorithm, type SignatureAlgorithm } from './signature-algorithm.ts';

/** A certificate, as Go's `crypto/x509` reads it. */
export interface Certificate extends Extensions {
  /** The same, as OpenSSL reads it. */
  readonly x509: X509Certificate;
  /** One PEM block in one canonical form, with a newline behind it. */
  readonly pem: string;
  /** 1, 2 or 3. */
  readonly version: number;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** Names are compared by their octets, as Go compares them. */
  readonly rawIssuer: Buffer;
  readonly rawSubject: Buffer;
  readonly rawPublicKey: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: PublicKey;
}

/** Go counts from 1, X.509 from 0. */
const VERSION_3 = 3;

/**
 * Reads one certificate, as Go's `parseCertificate` does.
 *
 * @throws an Error whose message says what Go, or OpenSSL, does not read
 */
export function readCertificate(der: Buffer): Certificate {
  const input = createDerReader(der);
  const outer = readPart('certificate', () => input.enter());
  if (input.nextTag() !== undefined) throw new Error('trailing data');
  const body = readPart('certificate', () => outer.enter());
  const version = readPart('version', () => readVersion(body));
  const serialNumber = readPart('serial number', () => body.integer());
  // Go 1.23 and later: `x509: negative serial number`.
  if (serialNumber < 0n) throw new Error('negative serial number');

  const algorithm = readPart('signature algorithm', () => body.read(TAG.sequence));
  const outerAlgorithm = readPart('signature algorithm', () => outer.read(TAG.sequence));
  if (!algorithm.content.equals(outerAlgorithm.content)) {
    throw new Error('it names two signature algorithms');
  }
  const signatureAlgorithm = readPart('signature algorithm', () => readSignatureAlgorithm(algorithm.content));
  const issuer = readPart('issuer', () => readName(body));
  const [notBefore, notAfter] = readPart('validity', () => readValidity(body.enter()));
  const subject = readPart('subject', () => readName(body));
  const keyInfo = readPart('public key', () => body.read(TAG.sequence));
  const extensions = version === 1 ? NO_EXTENSIONS : readRest(body, version);
  readPart('signature', () => outer.bitString());

  const x509 = readByOpenssl(der);
  return {
    ...extensions,
    x509,
    pem: x509.toString(),
    version,
    signatureAlgorithm,
    rawIssuer: issuer.raw,
    rawSubject: subject.raw,
    rawPublicKey: keyInfo.raw,
    notBefore,
    notAfter,
    publicKey: readPart('public key', () => readPublicKey(keyInfo, x509)),
  };
}

function readVersion(body: DerReader): number {
  const reader = body.enterOptional(contextTag(0, 'constructed'));
  if (!reader) return 1;
  const version = reader.integer() + 1n;
  if (version < 1n || version > VERSION_3 || reader.nextTag() !== undefined) {
    throw new Error('invalid version');
  }
  return Number(version);
}

function readName(body: DerReader): DerElement {
  const name = body.read(TAG.sequence);
  checkDistinguishedName(name);
  return name;
}

/** The unique identifiers of version 2, which are not used, and the extensions of version 3. */
function readRest(body: DerReader, version: number): Extensions {
  readPart('unique identifier', () => body.readOptional(contextTag(1, 'primitive')));
  readPart('unique identifier', () => body.readOptional(contextTag(2, 'primitive')));
  if (version < VERSION_3) return NO_EXTENSIONS;
  const reader = readPart('extensions', () => body.enterOptional(contextTag(3, 'constructed'))?.enter());
  return reader ? readExtensions(reader) : NO_EXTENSIONS;
}

function readValidity(reader: DerReader): [Date, Date] {
  return [readTime(reader.readAny()), readTime(reader.readAny())];
}

/** In the forms of RFC 5280 §4.1.2.5 alone: UTC, with seconds. Go takes others too. */
function readTime({ tag, content }: DerElement): Date {
  const text = content.toString('latin1');
  const isShort = tag === TAG.utcTime;
  const century = Number(text.slice(0, 2)) >= 50 ? '19' : '20';
  const digits = isShort ? century + text : text;
  const form = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(digits);
  if (!form || (!isShort && tag !== TAG.generalizedTime)) throw new Error('malformed time');
  const [, year, month, day, hour, minute, second] = form;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const time = new Date(iso);
  // The 31st of February would be one of March.
  if (Number.isNaN(time.getTime()) || time.toISOString() !== iso) throw new Error('malformed time');
  return time;
}

function readByOpenssl(der: Buffer): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (error) {
    throw new Error('OpenSSL does not read it', { cause: error });
  }
}
