/** Writes DER, right or wrong: certificates that no library would make. */

export function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const lengthOctets = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...lengthOctets]), content]);
}

export function sequence(...contents: readonly Uint8Array[]): Buffer {
  return element(0x30, ...contents);
}

export function set(...contents: readonly Uint8Array[]): Buffer {
  return element(0x31, ...contents);
}

/** Context-specific and constructed. */
export function explicit(number: number, ...contents: readonly Uint8Array[]): Buffer {
  return element(0xa0 | number, ...contents);
}

/** Context-specific and primitive. */
export function implicit(number: number, content: string | Uint8Array): Buffer {
  return element(0x80 | number, typeof content === 'string' ? Buffer.from(content) : content);
}

export function integer(value: number | bigint): Buffer {
  let hex = BigInt.asUintN(160, BigInt(value)).toString(16).padStart(40, '0');
  const filler = value < 0 ? /^(?:ff)+(?=[89a-f])/ : /^(?:00)+(?=[0-7])/;
  hex = hex.replace(filler, '');
  return element(0x02, Buffer.from(hex, 'hex'));
}

export function boolean(value: boolean): Buffer {
  return element(0x01, Buffer.from([value ? 0xff : 0]));
}

export function octetString(content: Uint8Array): Buffer {
  return element(0x04, content);
}

export function bitString(content: Uint8Array, unusedBits = 0): Buffer {
  return element(0x03, Buffer.from([unusedBits]), content);
}

export const NULL = element(0x05);

export function utf8(text: string): Buffer {
  return element(0x0c, Buffer.from(text));
}

export function printable(text: string): Buffer {
  return element(0x13, Buffer.from(text));
}

/** UTCTime up to 2049, GeneralizedTime from 2050 on. */
export function time(date: Date): Buffer {
  const digits = `${date.toISOString().replaceAll(/[-:T]|\.\d+Z/g, '')}Z`;
  return date.getUTCFullYear() < 2050
    ? element(0x17, Buffer.from(digits.slice(2)))
    : element(0x18, Buffer.from(digits));
}

export function objectIdentifier(dots: string): Buffer {
  const [first = 0, second = 0, ...others] = dots.split('.').map(Number);
  return element(0x06, Buffer.from([first * 40 + second, ...others].flatMap(base128)));
}

function base128(value: number): number[] {
  const octets = [value & 0x7f];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    octets.unshift((rest & 0x7f) | 0x80);
  }
  return octets;
}
