import { createPrivateKey, type KeyObject, sign, verify } from 'node:crypto';
import type { Certificate } from './certificate.ts';
import { readPemBlocks } from './pem.ts';

/** The PEM labels of unencrypted keys, and what OpenSSL calls what is in them. */
const TYPES: Readonly<Record<string, 'pkcs8' | 'pkcs1' | 'sec1'>> = {
  'PRIVATE KEY': 'pkcs8',
  'RSA PRIVATE KEY': 'pkcs1',
  'EC PRIVATE KEY': 'sec1',
};

const UNREADABLE = 'the private key cannot be read: it must be an unencrypted PEM block';
const FOREIGN = 'the private key does not belong to the certificate';

/** The first private key of a PEM text; `undefined` if it has none that is readable and not encrypted. */
export function readPrivateKey(text: string): KeyObject | undefined {
  const block = readPemBlocks(text).find(({ label }) => label.endsWith('PRIVATE KEY'));
  const type = TYPES[block?.label ?? ''];
  if (!block?.der || !type) return undefined;
  try {
    return createPrivateKey({ key: block.der, format: 'der', type });
  } catch {
    return undefined;
  }
}

/** The key as an unencrypted PKCS#8 PEM block. */
export function privateKeyToPem(privateKey: KeyObject): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * What keeps a private key from serving with the first certificate of a chain; nothing that the library
 * says, for that may describe the text of the key.
 */
export function keyProblems(privateKey: KeyObject | undefined, [leaf, ...others]: readonly Certificate[]): string[] {
  if (!privateKey) return [UNREADABLE];
  if (leaf && isPair(leaf, privateKey)) return [];
  return others.some((other) => isPair(other, privateKey))
    ? [`${FOREIGN}, but to one behind it: the serving certificate must be the first one`]
    : [FOREIGN];
}

/**
 * Tried rather than compared: `checkPrivateKey` looks at the public half only, and passes a key whose
 * private half is damaged.
 */
function isPair({ publicKey }: Certificate, privateKey: KeyObject): boolean {
  const probe = Buffer.from('probe');
  try {
    // No digest named: the usual one of the key's type.
    return verify(null, probe, publicKey.key, sign(null, probe, privateKey));
  } catch {
    return false;
  }
}
