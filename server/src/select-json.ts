import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  endOfBlanks,
  endOfText,
  endOfWord,
  notJson,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from './json-tokens.ts';

/** What to read of a JSON value. Of a value of another type only the type is read, as `{}` or `[]`. */
export type Selection =
  | { readonly scalar: true }
  | { readonly items: Selection }
  | { readonly fields: Fields };

type Fields = readonly (readonly [name: string, selection: Selection])[];

const NO_FIELDS: Fields = [];

/**
 * The deepest list or object that is taken. The deepest of a pod are the `managedFields` of a volume's
 * claim template (`request.object.metadata.managedFields[].fieldsV1.f:spec.f:volumes…`): 16 levels.
 */
export const MAX_DEPTH = 64;

/**
 * The most values that are read: 14 MiB of memory at 110 bytes each, which is a container with its image.
 * 1.5 MiB in etcd hold at most 28,000 containers (55 bytes of protobuf each) and 121,000 volumes (13 bytes).
 */
export const MAX_VALUES = 131_072;

/**
 * A longer scalar is read as an empty text. Names of objects have at most 253 characters, and image
 * references at most 255 before the tag and the digest (distribution/reference `NameTotalLengthMax`).
 */
export const MAX_SCALAR_BYTES = 4_096;

/**
 * Reads what is selected of a JSON document, and checks the rest without building it. The time is linear
 * (10 MiB take at most 0.2 s), and the memory bounded by the limits above, whatever the structure.
 * `JSON.parse` is neither: for a key of 10 bytes that is unlike all others it takes up to 370 bytes of heap
 * and more than 10 µs, so that to count tokens beforehand would refuse legal pods or stop everything for
 * seconds [Node.js 24].
 *
 * What is read is what `JSON.parse` gives, the last one of fields with the same name.
 *
 * @throws ECRPS_ADMISSION_BODY_INVALID if the bytes are not JSON, ECRPS_ADMISSION_BODY_TOO_LARGE beyond a
 * limit; the errors hold nothing of the document
 */
export function selectJson(bytes: Buffer, selection: Selection): unknown {
  const reader = { bytes, at: 0, values: 0 };
  const document = readValue(reader, selection, 0);
  if (nextByte(reader) !== undefined) throw notJson();
  return document;
}

interface Reader {
  readonly bytes: Buffer;
  at: number;
  /** How many values were read. */
  values: number;
}

function readValue(reader: Reader, selection: Selection | undefined, depth: number): unknown {
  if (selection) countValue(reader);
  const first = nextByte(reader);
  if (first === OPEN_BRACE) return readObject(reader, selection, depth + 1);
  if (first === OPEN_BRACKET) return readList(reader, selection, depth + 1);
  const { bytes, at } = reader;
  reader.at = first === QUOTE ? endOfText(bytes, at) : endOfWord(bytes, at);
  return selection && readScalar(reader, at);
}

function readObject(reader: Reader, selection: Selection | undefined, depth: number): unknown {
  const fields = selection && 'fields' in selection ? selection.fields : NO_FIELDS;
  const object: Record<string, unknown> = {};
  for (let more = opens(reader, CLOSE_BRACE, depth); more; more = goesOn(reader, CLOSE_BRACE)) {
    const field = readKey(reader, fields);
    if (nextByte(reader) !== COLON) throw notJson();
    reader.at++;
    const value = readValue(reader, field?.[1], depth);
    if (field) object[field[0]] = value;
  }
  return object;
}

function readList(reader: Reader, selection: Selection | undefined, depth: number): unknown {
  const items = selection && 'items' in selection ? selection.items : undefined;
  const list: unknown[] = [];
  for (let more = opens(reader, CLOSE_BRACKET, depth); more; more = goesOn(reader, CLOSE_BRACKET)) {
    const value = readValue(reader, items, depth);
    if (items) list.push(value);
  }
  return list;
}

/** Passes an opening bracket, and the closing one if nothing stands between them. */
function opens(reader: Reader, closing: number, depth: number): boolean {
  if (depth > MAX_DEPTH) throw tooLarge(`is nested more than ${MAX_DEPTH} levels deep`);
  reader.at++;
  if (nextByte(reader) !== closing) return true;
  reader.at++;
  return false;
}

/** Passes the comma before another item, or the closing bracket. */
function goesOn(reader: Reader, closing: number): boolean {
  const byte = nextByte(reader);
  if (byte !== COMMA && byte !== closing) throw notJson();
  reader.at++;
  return byte === COMMA;
}

/** Passes a key, and finds the field that it names. */
function readKey(reader: Reader, fields: Fields): Fields[number] | undefined {
  if (nextByte(reader) !== QUOTE) throw notJson();
  const { bytes, at: start } = reader;
  reader.at = endOfText(bytes, start);
  if (fields.length === 0) return undefined;
  const length = reader.at - start - 2;
  for (const field of fields) {
    if (field[0].length === length && standsAt(field[0], bytes, start + 1)) return field;
  }
  if (!hasEscape(bytes, start, reader.at)) return undefined;
  // Go writes no escapes here. To read such a key costs as much as a value.
  countValue(reader);
  const key = readScalar(reader, start);
  return fields.find(([name]) => name === key);
}

function hasEscape(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true;
  return false;
}

function standsAt(name: string, bytes: Buffer, start: number): boolean {
  for (let index = 0; index < name.length; index++) {
    if (bytes[start + index] !== name.charCodeAt(index)) return false;
  }
  return true;
}

function readScalar({ bytes, at }: Reader, start: number): unknown {
  return at - start > MAX_SCALAR_BYTES ? '' : JSON.parse(bytes.toString('utf8', start, at));
}

function nextByte(reader: Reader): number | undefined {
  reader.at = endOfBlanks(reader.bytes, reader.at);
  return reader.bytes[reader.at];
}

function countValue(reader: Reader): void {
  reader.values++;
  if (reader.values > MAX_VALUES) throw tooLarge(`has more than ${MAX_VALUES} names and images`);
}

function tooLarge(how: string): Error {
  return createError('ECRPS_ADMISSION_BODY_TOO_LARGE', `the body ${how}`);
}
