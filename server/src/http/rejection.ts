import { type CodedError, isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import type { FastifyRequest } from 'fastify';
import { EXPECTED_BODY } from '../admission/admission-review.ts';

/** The path in the webhook configuration. */
export const MUTATE_PATH = '/mutate';

/** The answer to a request that is not a review: the reason and what was expected. It quotes nothing of the request. */
export interface Rejection {
  readonly status: 400 | 404 | 405 | 411 | 413 | 429 | 500;
  /** Plain text: client-go shows no other kind of body to people (`rest/request.go`). */
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const NOT_FOUND: Rejection = {
  status: 404,
  text: `not found; send admission reviews to POST ${MUTATE_PATH}`,
};

const WRONG_METHOD: Rejection = {
  status: 405,
  text: `${MUTATE_PATH} takes POST only, with ${EXPECTED_BODY}`,
  // RFC 9110 §15.5.6 requires it with 405.
  headers: { allow: 'POST' },
};

/** 400 and not 415: a body that is not JSON is one mistake, whether the header or the text shows it. */
const WRONG_CONTENT_TYPE: Rejection = {
  status: 400,
  text: `the content-type is not application/json, expected ${EXPECTED_BODY}`,
};

/**
 * client-go always sends the length of a body. A body in chunks of one byte takes 1.7 µs of CPU for each byte that is
 * sent, a hundred times as much, and that before it can be counted.
 */
const LENGTH_REQUIRED: Rejection = {
  status: 411,
  text: 'chunked bodies are not accepted; send a content-length',
  // The rest of the request is not parsed then.
  headers: { connection: 'close' },
};

/**
 * client-go retries after the seconds of `Retry-After`, up to ten times and within the timeout of the review
 * (`rest/with_retry.go`).
 */
export const BUSY: Rejection = {
  status: 429,
  text: 'ECRPS_ADMISSION_BUSY: too many bodies at once; retry after one second',
  headers: { 'retry-after': '1' },
};

const INTERNAL_ERROR: Rejection = {
  status: 500,
  text: 'internal error; see the log of the webhook',
};

const JSON_CONTENT_TYPE = /^application\/json\s*(?:;|$)/i;

/** The rejection that follows from the head alone; `undefined` if the body has to be read. */
export function rejectionOfHead({
  method,
  url,
  headers,
}: Pick<FastifyRequest, 'method' | 'url' | 'headers'>): Rejection | undefined {
  if ('transfer-encoding' in headers) return LENGTH_REQUIRED;
  const [path] = url.split('?', 1);
  if (path !== MUTATE_PATH) return NOT_FOUND;
  if (method !== 'POST') return WRONG_METHOD;
  if (!JSON_CONTENT_TYPE.test(headers['content-type'] ?? '')) return WRONG_CONTENT_TYPE;
  return undefined;
}

/** The rejection for an error: the client's fault, or an internal error if it is none of the known ones. */
export function rejectionOfError(error: unknown): Rejection {
  if (isCodedError(error, 'ECRPS_ADMISSION_BODY_INVALID')) return withCode(400, error);
  if (isCodedError(error, 'ECRPS_ADMISSION_BODY_TOO_LARGE')) return withCode(413, error);
  if (isCodedError(error, 'ECRPS_ADMISSION_BUSY')) return BUSY;
  // Fastify's own errors about the head of a request; their messages quote it.
  if (isClientError(error)) return { status: 400, text: `bad request, expected ${EXPECTED_BODY}` };
  return INTERNAL_ERROR;
}

function withCode(status: 400 | 413, { code, message }: CodedError): Rejection {
  return { status, text: `${code}: ${message}` };
}

function isClientError(error: unknown): boolean {
  if (!(error instanceof Error) || !('statusCode' in error)) return false;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
}
