import type { KeyObject, X509Certificate } from 'node:crypto';
import { createDerReader, type DerElement, malformed, readAlgorithm, TAG, toObjectIdentifier } from './der.ts';

/** The kinds of keys that Go's `crypto/x509` verifies signatures with. */
export type KeyAlgorithm = 'RSA' | 'ECDSA' | 'Ed25519';

/** The key of a certificate, as far as Go can use it. */
export interface PublicKey {
  /** `undefined` if Go reads certificates with such a key, but verifies nothing with it. */
  readonly algorithm: KeyAlgorithm | undefined;
  readonly key: KeyObject;
}

const ALGORITHMS: Readonly<Record<string, KeyAlgorithm>> = {
  '1.2.840.113549.1.1.1': 'RSA',
  '1.2.840.10045.2.1': 'ECDSA',
  '1.3.101.112': 'Ed25519',
};

/** P-224, P-256, P-384 and P-521: Go's `namedCurveFromOID`. */
const CURVES = new Set(['1.3.132.0.33', '1.2.840.10045.3.1.7', '1.3.132.0.34', '1.3.132.0.35']);

const DER_NULL = Buffer.from([0x05, 0x00]);

/** Go verifies nothing with another one (`crypto/internal/fips140/rsa` `checkPublicKey`). */
const MAX_RSA_EXPONENT = 2n ** 31n - 1n;

/** The first octet of a point that is not compressed (SEC 1, 2.3.3). */
const UNCOMPRESSED = 0x04;

/** What Go requires of each kind of key. Each throws an Error if Go does not read the key. */
const CHECKS: Readonly<Record<KeyAlgorithm, (parameters: DerElement | undefined, bits: Buffer) => void>> = {
  RSA: (parameters) => {
    if (!parameters?.raw.equals(DER_NULL)) throw malformed();
  },
  Ed25519: (parameters) => {
    if (parameters) throw malformed();
  },
  ECDSA: (parameters, bits) => {
    if (parameters?.tag !== TAG.objectIdentifier) throw malformed();
    if (!CURVES.has(toObjectIdentifier(parameters))) throw new Error('unsupported elliptic curve');
    if (bits[0] !== UNCOMPRESSED) throw malformed();
  },
};

/**
 * Reads a SubjectPublicKeyInfo as Go's `parsePublicKey` does; OpenSSL reads more forms of it.
 *
 * @throws an Error if Go, or OpenSSL, does not read it
 */
export function readPublicKey({ content }: DerElement, certificate: X509Certificate): PublicKey {
  const reader = createDerReader(content);
  const [identifier, parameters] = readAlgorithm(reader.enter());
  const algorithm = ALGORITHMS[identifier];
  const bits = reader.bitString();
  if (algorithm) CHECKS[algorithm](parameters, bits);
  const key = readKeyObject(certificate);
  const exponent = key.asymmetricKeyDetails?.publicExponent ?? 3n;
  if (exponent < 2n || exponent % 2n === 0n || exponent > MAX_RSA_EXPONENT) {
    throw new Error(`RSA exponent ${exponent}`);
  }
  return { algorithm, key };
}

/** OpenSSL does not read the key before this. */
function readKeyObject(certificate: X509Certificate): KeyObject {
  try {
    return certificate.publicKey;
  } catch (error) {
    throw new Error('unreadable public key', { cause: error });
  }
}
