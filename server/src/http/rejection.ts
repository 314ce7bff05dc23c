import { type ErrorCode, isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import { EXPECTED_BODY } from '../admission/admission-review.ts';

/** The path that the webhook configuration names. */
export const MUTATE_PATH = '/mutate';

/** An answer to what is no review: why, and what was expected, with nothing of the request in it. */
export interface Rejection {
  readonly status: 400 | 404 | 405 | 411 | 413 | 429 | 500;
  /** Plain text: client-go passes no other kind of body on to people (`rest/request.go`). */
  readonly text: string;
  /** `Allow`, which goes with 405 (RFC 9110 §15.5.6). */
  readonly allow?: 'POST';
  /** `Retry-After`: seconds. */
  readonly retryAfter?: '1';
}

export const NOT_FOUND: Rejection = {
  status: 404,
  text: `nothing here; reviews go to POST ${MUTATE_PATH}`,
};

const WRONG_METHOD: Rejection = {
  status: 405,
  text: `${MUTATE_PATH} takes POST only, with ${EXPECTED_BODY}`,
  allow: 'POST',
};

/** 400 and not 415: to be no JSON is one fault, whether the header or the text shows it. */
const WRONG_CONTENT_TYPE: Rejection = {
  status: 400,
  text: `the content-type is not application/json, expected ${EXPECTED_BODY}`,
};

/**
 * client-go always says how long a body is. A body in chunks of one byte takes 1.7 µs of CPU for each byte that is sent,
 * a hundred times as much, and that before it can be counted.
 */
export const LENGTH_REQUIRED: Rejection = {
  status: 411,
  text: 'a body in chunks is not read; send a content-length',
};

/**
 * client-go tries again after the seconds of `Retry-After`, up to ten times and as long as the review
 * may take (`rest/with_retry.go`).
 */
export const BUSY: Rejection = {
  status: 429,
  text: 'ECRPS_ADMISSION_BUSY: too many bodies at once',
  retryAfter: '1',
};

const INTERNAL_ERROR: Rejection = {
  status: 500,
  text: 'internal error; the log of the webhook says more',
};

const JSON_CONTENT_TYPE = /^application\/json\s*(?:;|$)/i;

/** What can be told without the body; `undefined` where it has to be read. */
export function rejectionOfHead(head: {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly contentType: string | undefined;
}): Rejection | undefined {
  const [path] = head.url.split('?', 1);
  if (path !== MUTATE_PATH) return NOT_FOUND;
  if (head.method !== 'POST') return WRONG_METHOD;
  if (!JSON_CONTENT_TYPE.test(head.contentType ?? '')) return WRONG_CONTENT_TYPE;
  return undefined;
}

/** What an error means to the client: its own fault, or ours where the error is none of those known. */
export function rejectionOfError(error: unknown): Rejection {
  if (isCodedError(error, 'ECRPS_ADMISSION_BODY_INVALID')) {
    return { status: 400, text: withCode(error) };
  }
  if (isCodedError(error, 'ECRPS_ADMISSION_BODY_TOO_LARGE')) {
    return { status: 413, text: withCode(error) };
  }
  if (isCodedError(error, 'ECRPS_ADMISSION_BUSY')) return BUSY;
  // What Fastify itself found in the request's head; its messages quote it.
  if (isClientError(error)) return { status: 400, text: `bad request, expected ${EXPECTED_BODY}` };
  return INTERNAL_ERROR;
}

function withCode({ code, message }: { readonly code: ErrorCode; readonly message: string }) {
  return `${code}: ${message}`;
}

function isClientError(error: unknown): boolean {
  if (!(error instanceof Error) || !('statusCode' in error)) return false;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
}
