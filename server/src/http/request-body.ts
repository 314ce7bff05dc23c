import type { Readable } from 'node:stream';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';

const MEBIBYTE = 1024 * 1024;

/** The largest object that etcd stores (`--max-request-bytes`), as protobuf. */
const MAX_STORED_BYTES = 1.5 * MEBIBYTE;

/**
 * Go's JSON writes each of `<`, `>`, `&`, a control character and a byte that is not UTF-8 as `\u00XX`: six
 * bytes for one. Structure costs less: lists of small fields grow by up to three times from protobuf to JSON.
 */
const GO_GROWTH = 6;

/** The longest body that is read: 10 MiB, the largest pod that can be stored and a mebibyte around it. */
export const MAX_BODY_BYTES = MAX_STORED_BYTES * GO_GROWTH + MEBIBYTE;

/**
 * Of all bodies in memory at once, small ones too: three of the longest, or 160 KiB for each of the 200
 * changes that an API server makes at once (`--max-mutating-requests-inflight`); a pod has 10 KiB as a rule.
 * Nothing else that a body costs counts: `select-json.ts` builds almost nothing of it.
 */
const BODIES_BYTES = 32 * MEBIBYTE;

/**
 * Reads a whole body and gives it to `use`, whose result is the result. The memory is given back at once
 * when `use` returns.
 *
 * A body that is too large, or was given up, is read to its end and thrown away before the error: a Go
 * client that is still sending when the connection closes sees a broken pipe instead of the answer. The
 * server's request timeout ends one that never ends.
 *
 * @throws ECRPS_ADMISSION_BODY_TOO_LARGE, ECRPS_ADMISSION_BUSY, or ECRPS_ADMISSION_BODY_INVALID if the
 * sender went away
 */
export type BodyReader = <T>(stream: Readable, use: (body: Buffer) => T) => Promise<T>;

/**
 * Makes a reader for the bodies that share a budget. If it does not suffice, the oldest body that is still
 * coming is given up, never a new one refused: bodies of API servers are there within milliseconds, so the
 * oldest are those that somebody holds.
 */
export function createBodyReader(budgetBytes: number = BODIES_BYTES): BodyReader {
  /** Those in memory, the oldest first. */
  const bodies = new Set<Body>();
  let takenBytes = 0;

  function add(body: Body, chunk: Buffer): void {
    const start = body.bytes;
    body.bytes += chunk.length;
    if (body.bytes > MAX_BODY_BYTES) release(body);
    if (!bodies.has(body)) return;
    const room = body.memory.byteLength;
    if (body.bytes > room) grow(body, Math.min(MAX_BODY_BYTES, Math.max(body.bytes, 2 * room)));
    Buffer.from(body.memory).set(chunk, start);
  }

  function grow(body: Body, bytes: number): void {
    takenBytes += bytes - body.memory.byteLength;
    for (const other of bodies) {
      if (takenBytes <= budgetBytes) break;
      if (other !== body && other.bytes > 0) release(other);
    }
    body.memory = body.memory.transfer(bytes);
  }

  function release(body: Body): void {
    if (!bodies.delete(body)) return;
    takenBytes -= body.memory.byteLength;
    // Frees it at once, not when garbage is collected.
    body.memory = body.memory.transfer(0);
  }

  return async (stream, use) => {
    const body: Body = { memory: new ArrayBuffer(0), bytes: 0 };
    bodies.add(body);
    try {
      await forEachChunk(stream, (chunk) => add(body, chunk));
      if (!bodies.has(body)) throw refusal(body);
      return use(Buffer.from(body.memory, 0, body.bytes));
    } finally {
      release(body);
    }
  };
}

interface Body {
  /** Room for all that came, or nothing any more. */
  memory: ArrayBuffer;
  /** How many bytes came. */
  bytes: number;
}

async function forEachChunk(stream: Readable, take: (chunk: Buffer) => void): Promise<void> {
  try {
    for await (const chunk of stream) take(chunk);
  } catch {
    throw createError('ECRPS_ADMISSION_BODY_INVALID', 'the body ended early');
  }
}

function refusal({ bytes }: Body): Error {
  if (bytes <= MAX_BODY_BYTES) {
    return createError('ECRPS_ADMISSION_BUSY', 'too many bodies at once');
  }
  return createError(
    'ECRPS_ADMISSION_BODY_TOO_LARGE',
    `the body has ${bytes} bytes, the limit is ${MAX_BODY_BYTES}`,
  );
}
