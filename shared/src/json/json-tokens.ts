/** The bytes of JSON's syntax (RFC 8259 §2). */
export const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];
export const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
export const SPACE = 0x20;
const [TAB, LINE_FEED, CARRIAGE_RETURN] = [0x09, 0x0a, 0x0d];
const [PLUS, MINUS, POINT, ZERO, NINE] = [0x2b, 0x2d, 0x2e, 0x30, 0x39];
const [LETTER_A, LETTER_E, LETTER_F, LETTER_U] = [0x61, 0x65, 0x66, 0x75];
const ESCAPES = new Set(Buffer.from('"\\/bfnrt'));
const WORDS = ['true', 'false', 'null'];

/** Whether a byte of a string is only itself: neither its end, nor an escape, nor a control character. */
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);

/** The error that every function here throws if the bytes are not JSON. */
export function notJson(): SyntaxError {
  return new SyntaxError('not JSON');
}

/** The position after the blanks that begin at `start`, if any. */
export function endOfBlanks(bytes: Buffer, start: number): number {
  for (let at = start; ; at++) {
    const byte = bytes[at];
    // Go writes no blanks.
    if (byte === undefined || byte > SPACE) return at;
    if (byte !== SPACE && byte !== LINE_FEED && byte !== TAB && byte !== CARRIAGE_RETURN) return at;
  }
}

/** The position after the string whose opening quote is at `start`. The string may be invalid UTF-8. */
export function endOfText(bytes: Buffer, start: number): number {
  for (let at = start + 1; ; at++) {
    const byte = bytes[at] ?? 0;
    if (IS_PLAIN[byte] === 1) continue;
    if (byte === QUOTE) return at + 1;
    if (byte < SPACE) throw notJson();
    if (byte === BACKSLASH) at = endOfEscape(bytes, at + 1) - 1;
  }
}

/** The position after the number, `true`, `false` or `null` that begins at `start`. */
export function endOfWord(bytes: Buffer, start: number): number {
  if (isDigit(bytes[start]) || bytes[start] === MINUS) return endOfNumber(bytes, start);
  for (const word of WORDS) if (matchesAt(word, bytes, start)) return start + word.length;
  throw notJson();
}

/** Whether an ASCII text is at a position. */
export function matchesAt(text: string, bytes: Buffer, start: number): boolean {
  for (let index = 0; index < text.length; index++) {
    if (bytes[start + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

function endOfEscape(bytes: Buffer, start: number): number {
  const letter = bytes[start] ?? 0;
  if (ESCAPES.has(letter)) return start + 1;
  for (let at = start + 1; at < start + 5; at++) {
    if (letter !== LETTER_U || !isHexadecimal(bytes[at] ?? 0)) throw notJson();
  }
  return start + 5;
}

/** RFC 8259 §6. */
function endOfNumber(bytes: Buffer, start: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start;
  at = bytes[at] === ZERO ? at + 1 : endOfDigits(bytes, at);
  if (bytes[at] === POINT) at = endOfDigits(bytes, at + 1);
  if (toLowerCase(bytes[at] ?? 0) !== LETTER_E) return at;
  at++;
  return endOfDigits(bytes, bytes[at] === PLUS || bytes[at] === MINUS ? at + 1 : at);
}

function endOfDigits(bytes: Buffer, start: number): number {
  if (!isDigit(bytes[start])) throw notJson();
  let at = start + 1;
  while (isDigit(bytes[at])) at++;
  return at;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

function isHexadecimal(byte: number): boolean {
  const letter = toLowerCase(byte);
  return isDigit(byte) || (letter >= LETTER_A && letter <= LETTER_F);
}

/** ASCII letters differ from their capitals by one bit. */
function toLowerCase(byte: number): number {
  return byte | 0x20;
}
