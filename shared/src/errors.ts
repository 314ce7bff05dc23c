/**
 * The catalogue: every error that a person may see has a stable code, and `docs/errors.md` explains
 * each code and what to do (`cli/test/command.test.ts` compares both). A code is never reused.
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
  'ECRPS_TOKEN_REFUSED',
  'ECRPS_PULL_SECRET_REFUSED',
  'ECRPS_PULL_SECRET_CONTESTED',
  'ECRPS_PULL_SECRET_FOREIGN',
  'ECRPS_PULL_SECRET_SLOW',
  'ECRPS_ROLE_REFUSED',
  'ECRPS_ROLE_WITHOUT_TOKEN',
  'ECRPS_LABEL_MISSPELT',
  'ECRPS_NAMESPACE_EXCLUDED',
  'ECRPS_RUN_INCOMPLETE',
  'ECRPS_TEST_FAILED',
  'ECRPS_USAGE_INVALID',
  'ECRPS_FILE_EXISTS',
  'ECRPS_FILE_UNUSABLE',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error of the catalogue: `message` is the action that failed, `cause` the reason. */
export interface CodedError extends Error {
  readonly code: ErrorCode;
}

/** Creates an error of the catalogue. The message must never contain a token, a key or a request body. */
export function createError(code: ErrorCode, message: string, cause?: unknown): CodedError {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  return Object.assign(error, { code });
}

/** @throws an error of the code whose message lists the problems, if there are any */
export function throwIfAny(problems: readonly string[], code: ErrorCode): void {
  if (problems.length > 0) throw createError(code, problems.join('; '));
}

/** Whether a value is an error of the catalogue, with that code if one is passed. */
export function isCodedError(error: unknown, code?: ErrorCode): error is CodedError {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return code === undefined ? ERROR_CODES.some((known) => known === error.code) : error.code === code;
}

/** Whether a value is an error of the operating system with that code, for example `ENOENT`. */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/**
 * Describes an error in one line: its message and those of its causes.
 * Reads messages only, and no other properties, which may contain request bodies in the errors of libraries.
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
  // Node reports the attempts of a dual-stack connect as an AggregateError with an empty message.
  if (error instanceof AggregateError && !error.message) return error.errors.map(messageOf).join(', ');
  return error.message || error.name;
}
