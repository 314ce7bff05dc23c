import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  endOfBlanks,
  endOfText,
  endOfWord,
  matchesAt,
  notJson,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
} from './json-tokens.ts';

/** What to read from a JSON value. From a value of another type only the type is read, as `{}` or `[]`. */
export type Selection = { readonly scalar: true } | { readonly items: Selection } | { readonly fields: Fields };

type Fields = readonly (readonly [name: string, selection: Selection])[];

const NO_FIELDS: Fields = [];

/** A string, a number, a boolean or null. */
export const SCALAR: Selection = { scalar: true };

export function objectOf(fields: Readonly<Record<string, Selection>>): Selection {
  return { fields: Object.entries(fields) };
}

/** An object with a scalar for each name. */
export function scalarsOf(names: readonly string[]): Selection {
  return { fields: names.map((name) => [name, SCALAR]) };
}

export function listOf(items: Selection): Selection {
  return { items };
}

export interface SelectLimits {
  /** The deepest nesting that is accepted. */
  readonly depth: number;
  /** The most values that are read, at 110 bytes of memory each. */
  readonly values: number;
  /** The longest scalar; a longer one is read as an empty string. */
  readonly scalarBytes: number;
}

/**
 * Reads the selected fields of a JSON document, and validates the rest without building it. The time is linear
 * (10 MiB take at most 0.2 s), and the memory is bounded by the limits, whatever the structure.
 * `JSON.parse` has neither property: for each unique key of 10 bytes it takes up to 370 bytes of heap
 * and more than 10 µs, so a limit on tokens would reject legal pods or block the process for
 * seconds [Node.js 24]. Fastify's parser has the same problem, with `onProtoPoisoning: 'ignore'` too
 * (docs/decisions/0012).
 *
 * The values are those of `JSON.parse`; the last one of fields with the same name counts.
 *
 * @throws SyntaxError if the bytes are not JSON, RangeError beyond a limit; the errors quote nothing of the
 * document
 */
export function selectJson(bytes: Buffer, selection: Selection, limits: SelectLimits): ReturnType<typeof JSON.parse> {
  const reader = { bytes, at: 0, values: 0, limits, open: [] };
  const document = readValue(reader, selection, 0);
  if (nextByte(reader) !== undefined) throw notJson();
  return document;
}

interface Reader {
  readonly bytes: Buffer;
  readonly limits: SelectLimits;
  at: number;
  /** How many values were read so far. */
  values: number;
  /**
   * The closing brackets of the lists and objects that a skipped value is inside of. One for the whole document: a new
   * list for each skipped value was a quarter of all memory that a review took.
   */
  readonly open: number[];
}

/** Recursive only to the depth of the selection. */
function readValue(reader: Reader, selection: Selection, depth: number): unknown {
  countValue(reader);
  const first = nextByte(reader);
  if (first === OPEN_BRACE) return readObject(reader, selection, depth + 1);
  if (first === OPEN_BRACKET) return readList(reader, selection, depth + 1);
  const { at: start } = reader;
  skipScalar(reader);
  return scalarOf(reader, start, reader.at);
}

function readObject(reader: Reader, selection: Selection, depth: number): unknown {
  const fields = 'fields' in selection ? selection.fields : NO_FIELDS;
  const object: Record<string, unknown> = {};
  for (let more = enter(reader, CLOSE_BRACE, depth); more; more = hasNext(reader, CLOSE_BRACE)) {
    const field = readKey(reader, fields);
    if (field) object[field[0]] = readValue(reader, field[1], depth);
    else skipValue(reader, depth);
  }
  return object;
}

function readList(reader: Reader, selection: Selection, depth: number): unknown {
  const items = 'items' in selection ? selection.items : undefined;
  const list: unknown[] = [];
  for (let more = enter(reader, CLOSE_BRACKET, depth); more; more = hasNext(reader, CLOSE_BRACKET)) {
    if (items) list.push(readValue(reader, items, depth));
    else skipValue(reader, depth);
  }
  return list;
}

/** Skips a value that is not selected, without recursion, because a document may have thousands of levels. */
function skipValue(reader: Reader, depth: number): void {
  const { open } = reader;
  /** How many of `open` are in use. */
  let count = 0;
  do {
    const closing = closingOf(nextByte(reader));
    if (closing === undefined) {
      skipScalar(reader);
    } else if (enter(reader, closing, depth + count + 1)) {
      open[count++] = closing;
      if (closing === CLOSE_BRACE) skipKey(reader);
      continue;
    }
    while (count > 0 && !hasNext(reader, open[count - 1])) count--;
    if (count > 0 && open[count - 1] === CLOSE_BRACE) skipKey(reader);
  } while (count > 0);
}

function closingOf(byte: number | undefined): number | undefined {
  if (byte === OPEN_BRACE) return CLOSE_BRACE;
  return byte === OPEN_BRACKET ? CLOSE_BRACKET : undefined;
}

/** Skips an opening bracket, and the closing one if it follows. Returns whether there is an item. */
function enter(reader: Reader, closing: number, depth: number): boolean {
  const { limits } = reader;
  if (depth > limits.depth) throw limitError(`nested more than ${limits.depth} levels deep`);
  reader.at++;
  if (nextByte(reader) !== closing) return true;
  reader.at++;
  return false;
}

/** Skips the comma before another item, or the closing bracket. Returns whether there is another item. */
function hasNext(reader: Reader, closing: number | undefined): boolean {
  const byte = nextByte(reader);
  if (byte !== COMMA && byte !== closing) throw notJson();
  reader.at++;
  return byte === COMMA;
}

function skipScalar(reader: Reader): void {
  const { bytes, at } = reader;
  reader.at = bytes[at] === QUOTE ? endOfText(bytes, at) : endOfWord(bytes, at);
}

/** Skips a key and its colon; returns the position after the key. */
function skipKey(reader: Reader): number {
  if (nextByte(reader) !== QUOTE) throw notJson();
  const end = endOfText(reader.bytes, reader.at);
  reader.at = end;
  if (nextByte(reader) !== COLON) throw notJson();
  reader.at++;
  return end;
}

/** Skips a key and its colon; returns the selected field of that name, if there is one. */
function readKey(reader: Reader, fields: Fields): Fields[number] | undefined {
  nextByte(reader);
  const { bytes, at: start } = reader;
  const end = skipKey(reader);
  if (fields.length === 0) return undefined;
  const length = end - start - 2;
  for (const field of fields) {
    if (field[0].length === length && matchesAt(field[0], bytes, start + 1)) return field;
  }
  if (!hasEscape(bytes, start, end)) return undefined;
  // Go writes no escapes in these keys. Reading such a key costs as much as a value.
  countValue(reader);
  const key = scalarOf(reader, start, end);
  return fields.find(([name]) => name === key);
}

function hasEscape(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true;
  return false;
}

function scalarOf({ bytes, limits }: Reader, start: number, end: number): unknown {
  if (end - start > limits.scalarBytes) return '';
  // Without escapes a text is its bytes. `JSON.parse` would take a tenth of the time of a review's selection.
  if (bytes[start] === QUOTE && !hasEscape(bytes, start, end)) return bytes.toString('utf8', start + 1, end - 1);
  return JSON.parse(bytes.toString('utf8', start, end));
}

function nextByte(reader: Reader): number | undefined {
  const byte = reader.bytes[reader.at];
  // Go writes no blanks.
  if (byte !== undefined && byte > SPACE) return byte;
  reader.at = endOfBlanks(reader.bytes, reader.at);
  return reader.bytes[reader.at];
}

function countValue(reader: Reader): void {
  const { limits } = reader;
  reader.values++;
  if (reader.values > limits.values) throw limitError(`of more than ${limits.values} values`);
}

function limitError(problem: string): RangeError {
  return new RangeError(`JSON ${problem}`);
}
