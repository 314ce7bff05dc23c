import { describeError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Clock } from './clock.ts';

/** Logs a failure that repeats often without filling the log. */
export type ThrottledLog = ReturnType<typeof createThrottledLog>;

/** A failure is logged again after this time, so that the last minutes of a log contain it. */
const REPEAT_AFTER_MS = 60_000;

/**
 * Logs each failure as a warning at most once a minute, and otherwise at debug level. Failures are distinguished by
 * the text of the error, so that two that alternate (or one that alternates with success) are not logged each time.
 *
 * @param message - the constant message of the warning
 */
export function createThrottledLog(
  { logger, clock }: { readonly logger: Logger; readonly clock: Clock },
  message: string,
) {
  const loggedAtMs = new Map<string, number>();
  return {
    /** @param namespace - where the failure occurred; the same failure in another namespace counts as a repetition */
    report: (error: unknown, namespace?: string): void => {
      const nowMs = clock.now();
      for (const [text, atMs] of loggedAtMs) {
        // The absolute value, because a clock that was set back must not silence a failure.
        if (Math.abs(nowMs - atMs) >= REPEAT_AFTER_MS) loggedAtMs.delete(text);
      }
      const text = withoutNamespace(describeError(error), namespace);
      const isNew = !loggedAtMs.has(text);
      if (isNew) loggedAtMs.set(text, nowMs);
      const fields = namespace === undefined ? {} : { namespace };
      logger[isNew ? 'warn' : 'debug']({ err: error, ...fields }, message);
    },
  };
}

/** Replaces a namespace in paths and in quotes, as the API server writes it; a bare name may be part of another word. */
function withoutNamespace(text: string, namespace: string | undefined): string {
  if (namespace === undefined) return text;
  return text.replaceAll(`/${namespace}/`, '/*/').replaceAll(`"${namespace}"`, '"*"');
}
