import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { RSA_KEY_BITS } from '../verify/ca.ts';

/** An RSA key pair. node-forge supports no other kind of public key. */
export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const generateKeyPairAsync = promisify(generateKeyPair);

/** Makes an RSA key pair on libuv's threads, so that the event loop goes on meanwhile (0.2 s). */
export async function generateRsaKeyPair(): Promise<KeyPair> {
  return await generateKeyPairAsync('rsa', { modulusLength: RSA_KEY_BITS });
}
