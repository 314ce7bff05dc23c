import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** An RSA key pair. node-forge knows no other kind of public key. */
export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** NIST SP 800-57 part 1: 2048 bits are the least until 2030; more costs more in each handshake. */
export const RSA_KEY_BITS = 2048;

const generateKeyPairAsync = promisify(generateKeyPair);

/** Makes an RSA key pair on libuv's threads, so that the event loop goes on meanwhile (0.2 s). */
export async function generateRsaKeyPair(): Promise<KeyPair> {
  return await generateKeyPairAsync('rsa', { modulusLength: RSA_KEY_BITS });
}

/** The private key as an unencrypted PKCS#8 PEM block. */
export function privateKeyToPem(privateKey: KeyObject): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
