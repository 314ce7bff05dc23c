import { type CodedError, createError, isCodedError } from '../errors.ts';
import { nearestWord } from './nearest-word.ts';

/** An invalid command line: the command was not run. */
export interface UsageError extends CodedError {
  /** The valid usage, to be printed below the message. */
  readonly usage: string;
}

export function createUsageError(message: string, usage: string): UsageError {
  return Object.assign(createError('ECRPS_USAGE_INVALID', message), { usage });
}

export function isUsageError(error: unknown): error is UsageError {
  return isCodedError(error, 'ECRPS_USAGE_INVALID') && 'usage' in error;
}

/** Whether the arguments contain `--help` or `-h`. */
export function wantsHelp(args: readonly string[]): boolean {
  return args.some((arg) => arg === '--help' || arg === '-h');
}

/** `: did you mean …?` if a candidate is near, else an empty text; to be appended to a problem. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const nearest = nearestWord(word, candidates);
  return nearest === undefined ? '' : `: did you mean ${nearest}?`;
}
