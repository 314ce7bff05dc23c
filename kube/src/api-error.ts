import { type CodedError, createError, isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import type { Status } from './objects.ts';

/** A request to which the API server responded with a failure. */
export interface ApiError extends CodedError {
  /** HTTP status. */
  readonly status: number;
  /** The reason in the API's Status, such as `Conflict` or `AlreadyExists`. */
  readonly reason: string;
  /** The causes in the API's Status, such as `NamespaceTerminating`. */
  readonly causes: readonly string[];
  /** The Retry-After of the response. */
  readonly retryAfterMs?: number;
}

/** Long runs without blanks are tokens or encoded content; a third party's denial may quote them. */
const POSSIBLE_CREDENTIAL = /[A-Za-z0-9+/=_.-]{100,}/g;

/** A message of the API server is for people: longer ones are quoted objects. */
const MESSAGE_LIMIT = 500;

/** What is searched for credentials: a webhook of others may respond with megabytes. */
const SEARCH_LIMIT = 20 * MESSAGE_LIMIT;

/** A longer one is a mistake, and a timer of more than 2^31 ms would fire at once. */
const LONGEST_RETRY_AFTER_MS = 300_000;

/**
 * @param action - the request, for instance `PATCH /api/v1/namespaces/a/secrets/b`
 */
export function createApiError(
  action: string,
  response: {
    readonly status: number;
    readonly retryAfter: string | undefined;
    readonly text: string;
  },
): ApiError {
  const { reason, message, causes } = readStatus(response.text);
  const start = message.slice(0, SEARCH_LIMIT);
  const quoted = start.replace(POSSIBLE_CREDENTIAL, '[redacted]').slice(0, MESSAGE_LIMIT);
  const error = createError(
    'ECRPS_KUBERNETES_REQUEST_FAILED',
    `${action} answered ${response.status} ${reason}${quoted && `: ${quoted}`}`,
  );
  const retryAfterMs = readRetryAfterMs(response.retryAfter);
  const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
  return Object.assign(error, { status: response.status, reason, causes, ...retry });
}

/** Whether an unknown value is a failure that the API server sent, of the given HTTP status if there is one. */
export function isApiError(error: unknown, status?: number): error is ApiError {
  if (!isCodedError(error, 'ECRPS_KUBERNETES_REQUEST_FAILED') || !('status' in error)) return false;
  return status === undefined || error.status === status;
}

/** The response to a request; `undefined` if the API server has no such object (404). */
export async function ifFound<T>(response: Promise<T>): Promise<T | undefined> {
  try {
    return await response;
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}

/** Whether a namespace is being deleted, so that nothing can be created in it. */
export function isNamespaceTerminating(error: unknown): boolean {
  return isApiError(error, 403) && error.causes.includes('NamespaceTerminating');
}

/** Seconds, as the API server writes it (RFC 9110, section 10.2.3); its other form, a date, it never uses. */
function readRetryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d+$/.test(header)) return undefined;
  return Math.min(Number(header) * 1000, LONGEST_RETRY_AFTER_MS);
}

function readStatus(text: string) {
  try {
    const { reason, message, details }: Status = JSON.parse(text);
    const causes = details?.causes?.map((cause) => textOf(cause.reason)) ?? [];
    return { reason: textOf(reason), message: textOf(message), causes };
  } catch {
    // A proxy in between has error pages of its own.
    return { reason: '', message: '', causes: [] };
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
