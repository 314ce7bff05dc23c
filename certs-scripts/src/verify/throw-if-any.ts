import { createError, type ErrorCode } from '@ecr-pull-secrets/shared/errors.ts';

/**
 * Nothing if there are no problems.
 *
 * @throws an error of the code whose message lists the problems
 */
export function throwIfAny(problems: readonly string[], code: ErrorCode): void {
  if (problems.length > 0) throw createError(code, problems.join('; '));
}
