/** One ASN.1 element of a DER text. */
export interface DerElement {
  /** The identifier octet: class, constructed or not, number. */
  readonly tag: number;
  readonly content: Buffer;
  /** With its tag and length. */
  readonly raw: Buffer;
}

/** Reads the elements of a DER text one after another. Each method throws an Error if what it reads is malformed. */
export interface DerReader {
  /** The tag of the next element; `undefined` at the end. */
  nextTag(): number | undefined;
  readAny(): DerElement;
  /** The next element, which must have the tag. */
  read(tag: number): DerElement;
  readOptional(tag: number): DerElement | undefined;
  /** A reader of what is in the next element, which must have the tag; a SEQUENCE by default. */
  enter(tag?: number): DerReader;
  enterOptional(tag: number): DerReader | undefined;
  /** Every element that is left. */
  elements(): Generator<DerElement>;
  /** A reader of each element that is left, all of which must be SEQUENCEs. */
  sequences(): Generator<DerReader>;
  /** In dots. */
  objectIdentifier(): string;
  integer(): bigint;
  /** The octets; unused bits of the last one must be zero. */
  bitString(): Buffer;
  /** An optional BOOLEAN; false if it is missing. */
  flag(): boolean;
}

const MALFORMED = 'malformed DER';

/** The identifier octets of X.690 that certificates use. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The tag of a context-specific element. */
export function contextTag(number: number, form: 'primitive' | 'constructed'): number {
  return (form === 'primitive' ? 0x80 : 0xa0) | number;
}

/**
 * Reads DER as strictly as Go's `cryptobyte` does: tags below 31, lengths of at most four octets in
 * their shortest form. A library that reads BER would take certificates that Go refuses.
 */
export function createDerReader(bytes: Buffer): DerReader {
  let offset = 0;
  const nextTag = (): number | undefined => bytes[offset];
  const readAny = (): DerElement => {
    const element = elementAt(bytes, offset);
    offset += element.raw.length;
    return element;
  };
  const read = (tag: number): DerElement => {
    if (nextTag() !== tag) throw malformed();
    return readAny();
  };
  const readOptional = (tag: number): DerElement | undefined => (nextTag() === tag ? readAny() : undefined);
  const enterOptional = (tag: number): DerReader | undefined => {
    const element = readOptional(tag);
    return element && createDerReader(element.content);
  };
  const enter = (tag: number = TAG.sequence): DerReader => createDerReader(read(tag).content);
  return {
    nextTag,
    readAny,
    read,
    readOptional,
    enter,
    enterOptional,
    elements: () => untilEnd(nextTag, readAny),
    sequences: () => untilEnd(nextTag, enter),
    objectIdentifier: () => toObjectIdentifier(read(TAG.objectIdentifier)),
    integer: () => toInteger(read(TAG.integer)),
    bitString: () => toBitString(read(TAG.bitString)),
    flag: () => nextTag() === TAG.boolean && toBoolean(readAny()),
  };
}

/** One by one, because 1 MiB may hold half a million elements. */
function* untilEnd<T>(nextTag: () => number | undefined, read: () => T): Generator<T> {
  while (nextTag() !== undefined) yield read();
}

/** The identifier and the parameters, if any, that an AlgorithmIdentifier contains (RFC 5280 §4.1.1.2). */
export function readAlgorithm(reader: DerReader): [string, DerElement | undefined] {
  const identifier = reader.objectIdentifier();
  return [identifier, reader.nextTag() === undefined ? undefined : reader.readAny()];
}

/** @throws an Error if the number is negative, or larger than Go's 63 bits */
export function toCount(element: DerElement): number {
  const count = toInteger(element);
  if (count < 0n || count >= 2n ** 63n) throw malformed();
  return Number(count);
}

/** @throws an Error if the number is not in its shortest form */
function toInteger({ content }: DerElement): bigint {
  const [first, second] = content;
  if (first === undefined) throw malformed();
  const isPadded = (first === 0 && !isHigh(second)) || (first === 0xff && isHigh(second));
  if (isPadded && second !== undefined) throw malformed();
  return BigInt.asIntN(content.length * 8, BigInt(`0x${content.toString('hex')}`));
}

/** @throws an Error if it is neither of the two values that DER has */
function toBoolean({ content }: DerElement): boolean {
  const [value] = content;
  if (content.length !== 1 || (value !== 0 && value !== 0xff)) throw malformed();
  return value === 0xff;
}

/** The octets; unused bits of the last one must be zero. @throws an Error if they are not */
function toBitString({ content }: DerElement): Buffer {
  const unused = content[0];
  const bits = content.subarray(1);
  if (unused === undefined || unused > 7 || (bits.length === 0 && unused > 0)) throw malformed();
  if (((bits.at(-1) ?? 0) & ((1 << unused) - 1)) !== 0) throw malformed();
  return bits;
}

/**
 * An object identifier in dots.
 *
 * @throws an Error if a number is not in its shortest form, or needs more than Go's 31 bits
 */
export function toObjectIdentifier({ content }: DerElement): string {
  const numbers: number[] = [];
  let current = 0;
  let isInside = false;
  for (const octet of content) {
    if ((!isInside && octet === 0x80) || current >= 2 ** 24) throw malformed();
    current = current * 128 + (octet & 0x7f);
    isInside = isHigh(octet);
    if (isInside) continue;
    numbers.push(current);
    current = 0;
  }
  const [first, ...others] = numbers;
  if (first === undefined || isInside) throw malformed();
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...others].join('.');
}

function elementAt(bytes: Buffer, offset: number): DerElement {
  const tag = bytes[offset];
  if (tag === undefined || (tag & 0x1f) === 0x1f) throw malformed();
  const [length, start] = lengthAt(bytes, offset + 1);
  const end = start + length;
  if (end > bytes.length) throw malformed();
  return { tag, content: bytes.subarray(start, end), raw: bytes.subarray(offset, end) };
}

/** The length that is written at the offset, and the offset of the content. */
function lengthAt(bytes: Buffer, offset: number): [number, number] {
  const first = bytes[offset];
  if (first === undefined) throw malformed();
  if (!isHigh(first)) return [first, offset + 1];
  const octets = first & 0x7f;
  const start = offset + 1 + octets;
  if (octets === 0 || octets > 4 || start > bytes.length) throw malformed();
  const length = bytes.readUIntBE(offset + 1, octets);
  if (length < Math.max(128, 256 ** (octets - 1))) throw malformed();
  return [length, start];
}

function isHigh(octet: number | undefined): boolean {
  return octet !== undefined && octet >= 0x80;
}

/** What is thrown within `readPart`, which adds the name of the part. */
export function malformed(): Error {
  return new Error(MALFORMED);
}

/**
 * Reads a part of something larger.
 *
 * @throws an Error that says which part is malformed, unless what was thrown says what else is wrong
 */
export function readPart<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && error.message !== MALFORMED) throw error;
    throw new Error(`malformed ${what}`, { cause: error });
  }
}
