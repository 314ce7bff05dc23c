import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  NULL,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8,
} from './der-writer.ts';

/** Keys of every kind that a person may have; each is made once, when it is first used. */
const KEY_MAKERS = {
  'rsa-2048': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'rsa-2048-other': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'rsa-1024': () => generateKeyPairSync('rsa', { modulusLength: 1024 }),
  'rsa-768': () => generateKeyPairSync('rsa', { modulusLength: 768 }),
  'rsa-exponent-3': () => generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }),
  'rsa-exponent-32-bits': () => generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 0xffff_ffff }),
  'rsa-pss': () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }),
  'p-224': () => generateKeyPairSync('ec', { namedCurve: 'secp224r1' }),
  'p-256': () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
  'p-256-other': () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
  'p-384': () => generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
  'p-521': () => generateKeyPairSync('ec', { namedCurve: 'secp521r1' }),
  'p-256-explicit': () => generateKeyPairSync('ec', { namedCurve: 'prime256v1', paramEncoding: 'explicit' }),
  secp256k1: () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
  ed25519: () => generateKeyPairSync('ed25519'),
  ed448: () => generateKeyPairSync('ed448'),
  x25519: () => generateKeyPairSync('x25519'),
  dsa: () => generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }),
} as const satisfies Record<string, () => { publicKey: KeyObject; privateKey: KeyObject }>;

export type KeyName = keyof typeof KEY_MAKERS;

const keys = new Map<KeyName, { publicKey: KeyObject; privateKey: KeyObject }>();

function keyPairOf(name: KeyName) {
  const pair = keys.get(name) ?? KEY_MAKERS[name]();
  keys.set(name, pair);
  return pair;
}

const RSA_PSS_PADDING = constants.RSA_PKCS1_PSS_PADDING;

interface Signature {
  readonly algorithm: Buffer;
  readonly sign: (data: Buffer, key: KeyObject) => Buffer;
}

function withDigest(oid: string, digest: string | null, parameters?: Buffer): Signature {
  const algorithm = sequence(objectIdentifier(oid), ...(parameters ? [parameters] : []));
  return { algorithm, sign: (data, key) => sign(digest, data, key) };
}

const SHA256 = '2.16.840.1.101.3.4.2.1';
const SHA384 = '2.16.840.1.101.3.4.2.2';
const SHA1 = '1.3.14.3.2.26';

function pss(hash: string, digest: string, saltLength: number, maskHash = hash): Signature {
  const parameters = sequence(
    explicit(0, sequence(objectIdentifier(hash), NULL)),
    explicit(1, sequence(objectIdentifier('1.2.840.113549.1.1.8'), sequence(objectIdentifier(maskHash), NULL))),
    explicit(2, integer(saltLength)),
  );
  return {
    algorithm: sequence(objectIdentifier('1.2.840.113549.1.1.10'), parameters),
    sign: (data, key) => sign(digest, data, { key, padding: RSA_PSS_PADDING, saltLength }),
  };
}

/** Ways to sign. */
const SIGNATURES = {
  'sha256-rsa': withDigest('1.2.840.113549.1.1.11', 'sha256', NULL),
  'sha256-rsa-without-null': withDigest('1.2.840.113549.1.1.11', 'sha256'),
  'sha384-rsa': withDigest('1.2.840.113549.1.1.12', 'sha384', NULL),
  'sha512-rsa': withDigest('1.2.840.113549.1.1.13', 'sha512', NULL),
  'sha224-rsa': withDigest('1.2.840.113549.1.1.14', 'sha224', NULL),
  'sha1-rsa': withDigest('1.2.840.113549.1.1.5', 'sha1', NULL),
  'md5-rsa': withDigest('1.2.840.113549.1.1.4', 'md5', NULL),
  'pss-sha256': pss(SHA256, 'sha256', 32),
  'pss-sha384': pss(SHA384, 'sha384', 48),
  'pss-salt-20': pss(SHA256, 'sha256', 20),
  'pss-sha1': pss(SHA1, 'sha1', 20),
  'pss-other-mask': pss(SHA256, 'sha256', 32, SHA384),
  'ecdsa-sha1': withDigest('1.2.840.10045.4.1', 'sha1'),
  'ecdsa-sha224': withDigest('1.2.840.10045.4.3.1', 'sha224'),
  'ecdsa-sha256': withDigest('1.2.840.10045.4.3.2', 'sha256'),
  'ecdsa-sha384': withDigest('1.2.840.10045.4.3.3', 'sha384'),
  'ecdsa-sha512': withDigest('1.2.840.10045.4.3.4', 'sha512'),
  ed25519: withDigest('1.3.101.112', null),
  'ed25519-with-null': withDigest('1.3.101.112', null, NULL),
  ed448: withDigest('1.3.101.113', null),
  'dsa-sha256': withDigest('2.16.840.1.101.3.4.3.2', 'sha256'),
} as const satisfies Record<string, Signature>;

export type SignatureName = keyof typeof SIGNATURES;

/** The usual way to sign with a key. */
function usualSignature(key: KeyName): SignatureName {
  if (key.startsWith('rsa')) return 'sha256-rsa';
  if (key === 'ed25519' || key === 'ed448') return key;
  return key === 'dsa' ? 'dsa-sha256' : 'ecdsa-sha256';
}

/** What a certificate says, and who signs it. */
export interface CertificateDraft {
  /** In DER; `commonName` makes one. */
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly key: KeyName;
  readonly signer: KeyName;
  readonly signature?: SignatureName | undefined;
  readonly version?: number | undefined;
  readonly serialNumber?: number | bigint | undefined;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** In DER. */
  readonly extensions: readonly Buffer[];
  /** A public key in DER in the place of that of the key. */
  readonly publicKeyDer?: Buffer | undefined;
}

/** @returns the certificate in DER */
export function makeCertificate(draft: CertificateDraft): Buffer {
  const { version = 3, serialNumber = 4242, signer } = draft;
  const signature = SIGNATURES[draft.signature ?? usualSignature(signer)];
  const toBeSigned = sequence(
    ...(version > 1 ? [explicit(0, integer(version - 1))] : []),
    integer(serialNumber),
    signature.algorithm,
    draft.issuer,
    sequence(time(draft.notBefore), time(draft.notAfter)),
    draft.subject,
    draft.publicKeyDer ?? publicKeyDer(draft.key),
    ...(draft.extensions.length > 0 ? [explicit(3, sequence(...draft.extensions))] : []),
  );
  const bits = signature.sign(toBeSigned, keyPairOf(signer).privateKey);
  return sequence(toBeSigned, signature.algorithm, bitString(bits));
}

export function publicKeyDer(key: KeyName): Buffer {
  return keyPairOf(key).publicKey.export({ type: 'spki', format: 'der' });
}

export function privateKeyPem(key: KeyName): string {
  return keyPairOf(key).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** A key identifier, as most make it. */
export function keyIdOf(key: KeyName): Buffer {
  return createHash('sha1').update(publicKeyDer(key)).digest();
}

export function toPem(der: Buffer): string {
  const lines = der.toString('base64').replaceAll(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** One attribute of a name. */
export function attribute(oid: string, value: Buffer): Buffer {
  return sequence(objectIdentifier(oid), value);
}

export function commonName(text: string, encode: (text: string) => Buffer = utf8): Buffer {
  return sequence(set(attribute('2.5.4.3', encode(text))));
}

interface ExtensionOptions {
  readonly critical?: boolean;
}

export function extension(oid: string, value: Buffer, { critical = false }: ExtensionOptions = {}) {
  const flag = critical ? [boolean(true)] : [];
  return sequence(objectIdentifier(oid), ...flag, octetString(value));
}

export function basicConstraints(isCa: boolean, maxPathLength?: number): Buffer {
  const length = maxPathLength === undefined ? [] : [integer(maxPathLength)];
  const value = sequence(...(isCa ? [boolean(true)] : []), ...length);
  return extension('2.5.29.19', value, { critical: true });
}

/** Bits from the left: 0 is digitalSignature, 5 keyCertSign (RFC 5280 §4.2.1.3). */
export function keyUsage(...bits: readonly number[]): Buffer {
  const octet = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  const unused = octet === 0 ? 0 : Math.log2(octet & -octet);
  const content = octet === 0 ? Buffer.alloc(0) : Buffer.from([octet]);
  return extension('2.5.29.15', bitString(content, unused), { critical: true });
}

export function extendedKeyUsage(...oids: readonly string[]): Buffer {
  return extension('2.5.29.37', sequence(...oids.map(objectIdentifier)));
}

export function alternativeNames(...names: readonly Buffer[]): Buffer {
  return extension('2.5.29.17', sequence(...names));
}

export const dnsName = (text: string): Buffer => implicit(2, text);
export const email = (text: string): Buffer => implicit(1, text);
export const uri = (text: string): Buffer => implicit(6, text);
export const address = (...octets: readonly number[]): Buffer => implicit(7, Buffer.from(octets));
export const directoryName = (name: Buffer): Buffer => explicit(4, name);

interface ConstraintNames {
  readonly permitted?: readonly Buffer[];
  readonly excluded?: readonly Buffer[];
}

export function nameConstraints(
  { permitted = [], excluded = [] }: ConstraintNames,
  options: ExtensionOptions = { critical: true },
): Buffer {
  const value = sequence(...subtrees(0, permitted), ...subtrees(1, excluded));
  return extension('2.5.29.30', value, options);
}

function subtrees(number: number, names: readonly Buffer[]): Buffer[] {
  return names.length > 0 ? [explicit(number, ...names.map((name) => sequence(name)))] : [];
}

export function subjectKeyId(id: Buffer): Buffer {
  return extension('2.5.29.14', octetString(id));
}

export function authorityKeyId(id: Buffer): Buffer {
  return extension('2.5.29.35', sequence(implicit(0, id)));
}

export function policies(...oids: readonly string[]): Buffer {
  return extension('2.5.29.32', sequence(...oids.map((oid) => sequence(objectIdentifier(oid)))));
}

export function policyConstraints(required?: number, inhibited?: number): Buffer {
  const value = sequence(...countOf(0, required), ...countOf(1, inhibited));
  return extension('2.5.29.36', value, { critical: true });
}

function countOf(number: number, value?: number): Buffer[] {
  return value === undefined ? [] : [implicit(number, Buffer.from([value]))];
}

export function policyMappings(...pairs: readonly (readonly [string, string])[]): Buffer {
  const each = pairs.map((pair) => sequence(...pair.map(objectIdentifier)));
  return extension('2.5.29.33', sequence(...each), { critical: true });
}

export function inhibitAnyPolicy(count: number): Buffer {
  return extension('2.5.29.54', integer(count), { critical: true });
}
