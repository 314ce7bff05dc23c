import { type CodedError, createError, isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import type { Status } from './objects.ts';

/** A request that the API server answered with a failure. */
export interface ApiError extends CodedError {
  /** HTTP status. */
  readonly status: number;
  /** The API's own word for the failure, such as `Conflict` or `AlreadyExists`. */
  readonly reason: string;
  /** Finer words, where there are any, such as `NamespaceTerminating`. */
  readonly causes: readonly string[];
  /** How long the server asks us to wait before trying again. */
  readonly retryAfterMs?: number;
}

/** Long runs without blanks are tokens or encoded documents; a third party's denial may quote them. */
const POSSIBLE_CREDENTIAL = /[A-Za-z0-9+/=_.-]{100,}/g;

/** A message of the API server is for people: longer ones are quoted objects. */
const MESSAGE_LIMIT = 500;

/** What is searched for credentials: somebody's webhook may answer with megabytes. */
const SEARCH_LIMIT = 20 * MESSAGE_LIMIT;

/** Nobody means more, and a timer of more than 2^31 ms would fire at once. */
const LONGEST_RETRY_AFTER_MS = 300_000;

/**
 * @param action - what was asked, for instance `PATCH /api/v1/namespaces/a/secrets/b`
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
  const said = start.replace(POSSIBLE_CREDENTIAL, '[redacted]').slice(0, MESSAGE_LIMIT);
  const error = createError(
    'ECRPS_KUBERNETES_REQUEST_FAILED',
    `${action} answered ${response.status} ${reason}${said && `: ${said}`}`,
  );
  const retryAfterMs = readRetryAfterMs(response.retryAfter);
  const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
  return Object.assign(error, { status: response.status, reason, causes, ...retry });
}

/** Whether an unknown value is an answer of the API server, of the given HTTP status if one is named. */
export function isApiError(error: unknown, status?: number): error is ApiError {
  if (!isCodedError(error, 'ECRPS_KUBERNETES_REQUEST_FAILED') || !('status' in error)) return false;
  return status === undefined || error.status === status;
}

/** Whether a namespace is being deleted, so that nothing new may be made in it. */
export function isNamespaceTerminating(error: unknown): boolean {
  return isApiError(error, 403) && error.causes.includes('NamespaceTerminating');
}

/** Seconds, as the API server writes it (RFC 9110 §10.2.3); its other form, a date, it never uses. */
function readRetryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d+$/.test(header)) return undefined;
  return Math.min(Number(header) * 1000, LONGEST_RETRY_AFTER_MS);
}

interface StatusWords {
  readonly reason: string;
  readonly message: string;
  readonly causes: readonly string[];
}

function readStatus(text: string): StatusWords {
  try {
    const { reason, message, details }: Status = JSON.parse(text);
    const causes = details?.causes?.map((cause) => textOf(cause.reason)) ?? [];
    return { reason: textOf(reason), message: textOf(message), causes };
  } catch {
    // A proxy in between answers in its own words, which may be anything.
    return { reason: '', message: '', causes: [] };
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
