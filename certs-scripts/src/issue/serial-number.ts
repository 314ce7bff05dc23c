import { randomBytes } from 'node:crypto';

/** 16 bytes: RFC 5280 §4.1.2.2 allows up to 20; two random ones never meet. */
const SERIAL_NUMBER_BYTES = 16;

/**
 * A new certificate serial number: 32 hex digits.
 *
 * The top two bits of the first byte are always 01. The first bit 0 makes the number positive (Go
 * 1.23 and later refuses a negative one), the second bit 1 makes the DER encoding the shortest one
 * (OpenSSL refuses padding: "illegal padding").
 *
 * @param random - 16 unpredictable bytes
 */
export function createSerialNumber(random: Uint8Array = randomBytes(SERIAL_NUMBER_BYTES)): string {
  const [first = 0, ...rest] = random;
  return Buffer.from([(first & 0x7f) | 0x40, ...rest]).toString('hex');
}
