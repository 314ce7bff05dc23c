import type { Readable } from 'node:stream';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { BODY_BUDGET_BYTES, MAX_BODY_BYTES } from './body-limit.ts';

/**
 * Reads a whole body and passes it to `use`, whose result is the result. The memory is freed
 * when `use` returns.
 *
 * A body that is too large, or was evicted, is read to its end and discarded before the error: a Go
 * client that is still sending when the connection closes sees a broken pipe instead of the answer. The
 * server's request timeout ends a body that never ends.
 *
 * @throws ECRPS_ADMISSION_BODY_TOO_LARGE, ECRPS_ADMISSION_BUSY, or ECRPS_ADMISSION_BODY_INVALID if the
 * sender disconnected
 */
export type BodyReader = <T>(stream: Readable, use: (body: Buffer) => T) => Promise<T>;

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
    body.memory = body.memory.transfer(bytes);
  }

  function release(body: Body): void {
    if (!bodies.delete(body)) return;
    usedBytes -= body.memory.byteLength;
    // Frees the memory at once, not at the next garbage collection.
    body.memory = body.memory.transfer(0);
  }

  return async (stream, use) => {
    const body: Body = { memory: new ArrayBuffer(0), bytes: 0 };
    bodies.add(body);
    try {
      await forEachChunk(stream, (chunk) => add(body, chunk));
      if (!bodies.has(body)) throw releasedError(body);
      return use(Buffer.from(body.memory, 0, body.bytes));
    } finally {
      release(body);
    }
  };
}

interface Body {
  /** Capacity for the bytes received; empty once released. */
  memory: ArrayBuffer;
  /** How many bytes were received. */
  bytes: number;
}

async function forEachChunk(stream: Readable, take: (chunk: Buffer) => void): Promise<void> {
  try {
    for await (const chunk of stream) take(chunk);
  } catch {
    throw createError('ECRPS_ADMISSION_BODY_INVALID', 'the body ended early');
  }
}

function releasedError({ bytes }: Body): Error {
  if (bytes <= MAX_BODY_BYTES) {
    return createError('ECRPS_ADMISSION_BUSY', 'too many bodies at once');
  }
  return createError('ECRPS_ADMISSION_BODY_TOO_LARGE', `the body has ${bytes} bytes, the limit is ${MAX_BODY_BYTES}`);
}
