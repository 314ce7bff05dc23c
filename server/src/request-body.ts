import type { Readable } from 'node:stream';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { EXPECTED_BODY } from './admission-review.ts';
import type { BodyShare } from './body-budget.ts';

const MEBIBYTE = 1024 * 1024;

/** The largest object that the API server takes (apiserver `pkg/server/config.go`, `MaxRequestBodyBytes`). */
const MAX_OBJECT_BYTES = 3 * MEBIBYTE;

/**
 * Go's JSON writes each of `<`, `>`, `&` and a control character as `\u00XX`: six bytes for one.
 * The names of fields cost less: lists of small fields grow by up to three times from protobuf to JSON.
 */
const GO_GROWTH = 6;

/**
 * For what the API server adds: defaults, `managedFields`, the review around the object. etcd takes
 * 1.5 MiB with all that, so a pod that can be stored stays below half of the sum.
 */
const ADDITIONS_BYTES = 6 * MEBIBYTE;

/** The longest body that is read: 24 MiB. */
export const MAX_BODY_BYTES = MAX_OBJECT_BYTES * GO_GROWTH + ADDITIONS_BYTES;

/**
 * Reads a request's body and parses it.
 *
 * A body that is too large, or that its share does not cover, is read to its end and thrown away
 * before the error: a Go client that is still sending when the connection closes sees a broken pipe
 * instead of the answer. The server's request timeout ends one that never ends.
 *
 * @param declaredBytes - how long the body says it is, where it does
 * @throws ECRPS_ADMISSION_BODY_TOO_LARGE, ECRPS_ADMISSION_BUSY, ECRPS_ADMISSION_BODY_INVALID; the
 * errors hold nothing of the body
 */
export async function readJsonBody(
  stream: Readable,
  share: BodyShare,
  declaredBytes = 0,
): Promise<unknown> {
  const text = (await readAll(stream, share, declaredBytes)).toString('utf8');
  try {
    // Not a "secure" parser: keys named `__proto__` are legal in a pod, and `json-fields.ts` reads them safely.
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the body.
    throw createError(
      'ECRPS_ADMISSION_BODY_INVALID',
      `the body is not JSON, expected ${EXPECTED_BODY}`,
    );
  }
}

async function readAll(stream: Readable, share: BodyShare, declaredBytes: number): Promise<Buffer> {
  let body = NOTHING;
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      const start = bytes;
      bytes += chunk.length;
      if (bytes <= MAX_BODY_BYTES && share.covers(bytes)) {
        body = withRoom(body, bytes, declaredBytes);
        chunk.copy(body, start);
      } else {
        body = NOTHING;
        share.release();
      }
    }
  } catch {
    throw createError('ECRPS_ADMISSION_BODY_INVALID', 'the body ended early');
  }
  if (bytes > MAX_BODY_BYTES) {
    throw createError(
      'ECRPS_ADMISSION_BODY_TOO_LARGE',
      `the body has ${bytes} bytes, the limit is ${MAX_BODY_BYTES}`,
    );
  }
  if (!share.covers(bytes)) {
    throw createError('ECRPS_ADMISSION_BUSY', 'too many large bodies at once');
  }
  return body.subarray(0, bytes);
}

const NOTHING: Buffer = Buffer.alloc(0);

/** One piece of memory from the start: to join chunks at the end takes a second one as long. */
function withRoom(body: Buffer, bytes: number, declaredBytes: number): Buffer {
  if (bytes <= body.length) return body;
  const larger = Buffer.allocUnsafe(Math.max(bytes, declaredBytes, 2 * body.length));
  body.copy(larger);
  return larger;
}
