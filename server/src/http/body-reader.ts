import type { Readable } from 'node:stream';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { BODY_BUDGET_BYTES, MAX_BODY_BYTES } from './body-limit.ts';

/**
 * Reads a whole body of a known length and passes it to `use`, whose result is the result. The memory is freed
 * when `use` returns.
 *
 * A body that is too large, or was evicted, is read to its end and discarded before the error: a Go
 * client that is still sending when the connection closes sees a broken pipe instead of the answer. The
 * server's request timeout ends a body that never ends.
 *
 * @throws ECRPS_ADMISSION_BODY_TOO_LARGE, ECRPS_ADMISSION_BUSY, or ECRPS_ADMISSION_BODY_INVALID if the
 * sender disconnected
 */
export type BodyReader = <T>(stream: Readable, contentLength: number, use: (body: Buffer) => T) => Promise<T>;

/**
 * Creates a reader for bodies that share a budget of memory. If the budget is exceeded, the oldest body that is still
 * arriving is evicted and no new one is rejected: the bodies of API servers arrive within milliseconds, so the
 * oldest are those that a client holds open.
 */
export function createBodyReader(budgetBytes: number = BODY_BUDGET_BYTES): BodyReader {
  /** Those in memory, the oldest first. */
  const bodies = new Set<Body>();
  let usedBytes = 0;

  function add(body: Body, chunk: Buffer): void {
    const start = body.bytes;
    body.bytes += chunk.length;
    if (body.bytes > MAX_BODY_BYTES) release(body);
    if (!bodies.has(body)) return;
    const capacity = body.memory.byteLength;
    if (body.bytes > capacity) grow(body, Math.min(MAX_BODY_BYTES, Math.max(body.bytes, 2 * capacity)));
    Buffer.from(body.memory).set(chunk, start);
  }

  function grow(body: Body, bytes: number): void {
    usedBytes += bytes - body.memory.byteLength;
    for (const other of bodies) {
      if (usedBytes <= budgetBytes) break;
      if (other !== body && other.bytes > 0) release(other);
    }
    body.memory = body.memory === EMPTY ? new ArrayBuffer(bytes) : body.memory.transfer(bytes);
  }

  function release(body: Body): void {
    if (!bodies.delete(body)) return;
    usedBytes -= body.memory.byteLength;
    // Frees the memory at once, not at the next garbage collection.
    if (body.memory !== EMPTY) body.memory = body.memory.transfer(0);
  }

  return async (stream, contentLength, use) => {
    const body: Body = { memory: EMPTY, bytes: 0 };
    /** A body that arrives in one piece, as most do. The stream ends with it, so it is neither kept nor copied. */
    let whole: Buffer | undefined;
    bodies.add(body);
    try {
      await forEachChunk(stream, (chunk) => {
        if (chunk.length === contentLength && contentLength <= MAX_BODY_BYTES) whole = chunk;
        else add(body, chunk);
      });
      if (whole) return use(whole);
      if (!bodies.has(body)) throw releasedError(body);
      return use(Buffer.from(body.memory, 0, body.bytes));
    } finally {
      release(body);
    }
  };
}

/** The memory of a body of which nothing has arrived. */
const EMPTY = new ArrayBuffer(0);

interface Body {
  /** Capacity for the bytes received; empty once released. */
  memory: ArrayBuffer;
  /** How many bytes were received. */
  bytes: number;
}

/** With listeners: the iterator of a stream takes 3 % of the CPU of a review (`npm run bench -- admission`). */
function forEachChunk(stream: Readable, take: (chunk: Buffer) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (): void => reject(createError('ECRPS_ADMISSION_BODY_INVALID', 'the body ended early'));
  const close = (): void => {
    if (!stream.readableEnded) fail();
  };
  // The events are over then.
  if (stream.destroyed) fail();
  stream.on('data', take).once('end', resolve).once('error', fail).once('close', close);
  return promise;
}

function releasedError({ bytes }: Body): Error {
  if (bytes <= MAX_BODY_BYTES) {
    return createError('ECRPS_ADMISSION_BUSY', 'too many bodies at once');
  }
  return createError('ECRPS_ADMISSION_BODY_TOO_LARGE', `the body has ${bytes} bytes, the limit is ${MAX_BODY_BYTES}`);
}
