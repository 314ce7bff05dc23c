import { type CodedError, createError, isCodedError } from '../errors.ts';
import { nearestWord } from './nearest-word.ts';

/** A command line that cannot be read: nothing was done. */
export interface UsageError extends CodedError {
  /** What would have been right, for the person who typed it. */
  readonly usage: string;
}

export function createUsageError(message: string, usage: string): UsageError {
  return Object.assign(createError('ECRPS_USAGE_INVALID', message), { usage });
}

export function isUsageError(error: unknown): error is UsageError {
  return isCodedError(error, 'ECRPS_USAGE_INVALID') && 'usage' in error;
}

/** Whether a person wants to read rather than to run. */
export function asksForHelp(args: readonly string[]): boolean {
  return args.some((arg) => arg === '--help' || arg === '-h');
}

/** `: did you mean …?` where a candidate is near, else nothing: to be put behind a problem. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const nearest = nearestWord(word, candidates);
  return nearest === undefined ? '' : `: did you mean ${nearest}?`;
}
