/**
 * Every failure that a person may meet has a stable code; `docs/errors.md` says what each means
 * and what to do about it. A code is never reused.
 */
export const ERROR_CODES = [
  'ECRPS_CONFIGURATION_INVALID',
  'ECRPS_ADMISSION_BODY_INVALID',
  'ECRPS_ADMISSION_BODY_TOO_LARGE',
  'ECRPS_ADMISSION_BUSY',
  'ECRPS_CERTIFICATE_INVALID',
  'ECRPS_CA_INVALID',
  'ECRPS_KUBERNETES_REQUEST_FAILED',
  'ECRPS_KUBERNETES_UNREACHABLE',
  'ECRPS_KUBERNETES_TIMEOUT',
  'ECRPS_KUBERNETES_ANSWER_INVALID',
  'ECRPS_KUBERNETES_ANSWER_TOO_LARGE',
  'ECRPS_LEASE_LOST',
  'ECRPS_TOKEN_REQUEST_FAILED',
  'ECRPS_TOKEN_INVALID',
  'ECRPS_PULL_SECRET_REFUSED',
  'ECRPS_PULL_SECRET_CONTESTED',
  'ECRPS_PULL_SECRET_FOREIGN',
  'ECRPS_PULL_SECRET_SLOW',
  'ECRPS_ROLE_REFUSED',
  'ECRPS_ROLE_WITHOUT_TOKEN',
  'ECRPS_RUN_INCOMPLETE',
  'ECRPS_TEST_FAILED',
  'ECRPS_USAGE_INVALID',
  'ECRPS_FILE_EXISTS',
  'ECRPS_FILE_UNUSABLE',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error of ours: `message` says what was being done, `cause` what stopped it. */
export interface CodedError extends Error {
  readonly code: ErrorCode;
}

/** Makes an error of the catalogue. The message must never carry a token, a key or a request body. */
export function createError(code: ErrorCode, message: string, cause?: unknown): CodedError {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  return Object.assign(error, { code });
}

/** Whether an unknown value is an error of the catalogue, of the given code if one is named. */
export function isCodedError(error: unknown, code?: ErrorCode): error is CodedError {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return code === undefined
    ? ERROR_CODES.some((known) => known === error.code)
    : error.code === code;
}

/**
 * One line that tells the whole story: the message and those of its causes.
 * Reads messages only, never other properties, which in library errors may hold request bodies.
 */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < 5 && current !== undefined && current !== null; depth++) {
    parts.push(messageOf(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(': ');
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : 'unknown error';
  // Node joins the attempts of a dual-stack connect in an AggregateError with an empty message.
  if (error instanceof AggregateError && !error.message)
    return error.errors.map(messageOf).join(', ');
  return error.message || error.name;
}
