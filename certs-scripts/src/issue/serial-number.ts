import { randomBytes as systemRandomBytes } from 'node:crypto';

/** Randomness as a dependency: gives that many unpredictable bytes. */
export type RandomBytes = (size: number) => Uint8Array;

/** 16 bytes: RFC 5280 §4.1.2.2 allows up to 20; two random ones never meet. */
const SERIAL_NUMBER_BYTES = 16;

/**
 * A fresh certificate serial number: 32 hex digits.
 *
 * The top two bits of the first byte are always 01. The first bit 0 makes the number positive (Go
 * 1.23 and later refuses a negative one), the second bit 1 makes the DER encoding the shortest one
 * (OpenSSL refuses padding: "illegal padding").
 */
export function createSerialNumber(randomBytes: RandomBytes = systemRandomBytes): string {
  const [first = 0, ...rest] = randomBytes(SERIAL_NUMBER_BYTES);
  return Buffer.from([(first & 0x7f) | 0x40, ...rest]).toString('hex');
}
