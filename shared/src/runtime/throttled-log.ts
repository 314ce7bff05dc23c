import type { Clock } from './clock.ts';
import { describeError } from '../errors.ts';
import type { Logger } from '../logger.ts';

/** Logs trouble that repeats every moment without filling the log. */
export interface ThrottledLog {
  /** @param namespace - where it happened; the same trouble in another namespace is no news */
  report(error: unknown, namespace?: string): void;
}

/** The same trouble is said again after this long, so that a log of the last minutes has it. */
const REPEAT_AFTER_MS = 60_000;

/**
 * Warns of each trouble at most once a minute, by its own text, so that two that take turns (or one
 * that takes turns with success) are not news each time; the others are logged at debug.
 *
 * @param message - constant text of the warning
 */
export function createThrottledLog(
  { logger, clock }: { readonly logger: Logger; readonly clock: Clock },
  message: string,
): ThrottledLog {
  const saidAtMs = new Map<string, number>();
  return {
    report: (error, namespace) => {
      const now = clock.now();
      for (const [text, at] of saidAtMs) {
        // A clock that was set back must not silence anything.
        if (Math.abs(now - at) >= REPEAT_AFTER_MS) saidAtMs.delete(text);
      }
      const text = withoutNamespace(describeError(error), namespace);
      const isNews = !saidAtMs.has(text);
      if (isNews) saidAtMs.set(text, now);
      const where = namespace === undefined ? {} : { namespace };
      logger[isNews ? 'warn' : 'debug']({ err: error, ...where }, message);
    },
  };
}

/** In paths and in the API server's sentences; a bare name may be a part of any word. */
function withoutNamespace(text: string, namespace: string | undefined): string {
  if (namespace === undefined) return text;
  return text.replaceAll(`/${namespace}/`, '/*/').replaceAll(`"${namespace}"`, '"*"');
}
