import { contextTag, createDerReader, type DerElement, type DerReader, readAlgorithm } from './der.ts';
import type { KeyAlgorithm } from './public-key.ts';

/** How a certificate is signed. */
export interface SignatureAlgorithm {
  /** As a person calls it. */
  readonly name: string;
  /** The kind of key that can have signed it; `undefined` if Go verifies no such signature. */
  readonly keyAlgorithm: KeyAlgorithm | undefined;
}

const RSA_PSS = '1.2.840.113549.1.1.10';
const MGF1 = '1.2.840.113549.1.1.8';

/** Go's `signatureAlgorithmDetails`; of those without a key algorithm Go takes none. */
const ALGORITHMS: Readonly<Record<string, SignatureAlgorithm>> = {
  '1.2.840.113549.1.1.11': { name: 'SHA256-RSA', keyAlgorithm: 'RSA' },
  '1.2.840.113549.1.1.12': { name: 'SHA384-RSA', keyAlgorithm: 'RSA' },
  '1.2.840.113549.1.1.13': { name: 'SHA512-RSA', keyAlgorithm: 'RSA' },
  '1.2.840.10045.4.3.2': { name: 'ECDSA-SHA256', keyAlgorithm: 'ECDSA' },
  '1.2.840.10045.4.3.3': { name: 'ECDSA-SHA384', keyAlgorithm: 'ECDSA' },
  '1.2.840.10045.4.3.4': { name: 'ECDSA-SHA512', keyAlgorithm: 'ECDSA' },
  '1.3.101.112': { name: 'Ed25519', keyAlgorithm: 'Ed25519' },
  '1.2.840.113549.1.1.4': { name: 'MD5-RSA', keyAlgorithm: undefined },
  '1.2.840.113549.1.1.5': { name: 'SHA1-RSA', keyAlgorithm: undefined },
  '1.3.14.3.2.29': { name: 'SHA1-RSA', keyAlgorithm: undefined },
  '1.2.840.113549.1.1.14': { name: 'SHA224-RSA', keyAlgorithm: undefined },
  '1.2.840.10040.4.3': { name: 'DSA-SHA1', keyAlgorithm: undefined },
  '2.16.840.1.101.3.4.3.2': { name: 'DSA-SHA256', keyAlgorithm: undefined },
  '1.2.840.10045.4.1': { name: 'ECDSA-SHA1', keyAlgorithm: undefined },
  '1.3.101.113': { name: 'Ed448', keyAlgorithm: undefined },
};

/** The hash of an RSA-PSS signature, and the only length of salt that Go takes with it. */
const PSS_SALT_LENGTHS: Readonly<Record<string, bigint>> = {
  '2.16.840.1.101.3.4.2.1': 32n,
  '2.16.840.1.101.3.4.2.2': 48n,
  '2.16.840.1.101.3.4.2.3': 64n,
};

/**
 * Reads the content of an AlgorithmIdentifier of a signature.
 *
 * @throws an Error if it is malformed
 */
export function readSignatureAlgorithm(content: Buffer): SignatureAlgorithm {
  const [identifier, parameters] = readAlgorithm(createDerReader(content));
  if (identifier === RSA_PSS) return { name: 'RSA-PSS', keyAlgorithm: isPssOfGo(parameters) ? 'RSA' : undefined };
  const known = ALGORITHMS[identifier] ?? { name: identifier, keyAlgorithm: undefined };
  return parameters && known.keyAlgorithm === 'Ed25519' ? { ...known, keyAlgorithm: undefined } : known;
}

/** Go's `getSignatureAlgorithmFromAI`: one hash for both, its length as salt, the usual trailer. */
function isPssOfGo(element: DerElement | undefined): boolean {
  if (!element) return false;
  const parameters = createDerReader(element.raw).enter();
  try {
    const hash = readHash(parameters.enter(contextTag(0, 'constructed')));
    const mask = parameters.enter(contextTag(1, 'constructed')).enter();
    const isMgf1 = mask.objectIdentifier() === MGF1;
    const saltLength = parameters.enter(contextTag(2, 'constructed')).integer();
    const trailer = parameters.enterOptional(contextTag(3, 'constructed'));
    const isUsualTrailer = !trailer || trailer.integer() === 1n;
    return isMgf1 && readHash(mask) === hash && PSS_SALT_LENGTHS[hash] === saltLength && isUsualTrailer;
  } catch {
    return false;
  }
}

/** An AlgorithmIdentifier without parameters, or with NULL. */
function readHash(reader: DerReader): string {
  const [hash, parameters] = readAlgorithm(reader.enter());
  if (parameters && parameters.raw.toString('hex') !== '0500') throw new Error('hash parameters');
  return hash;
}
