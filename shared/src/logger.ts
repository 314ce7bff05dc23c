import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { describeError, isCodedError } from './errors.ts';
import { createLineSink } from './command-line/output.ts';

export type { Logger } from 'pino';

/** What the log settings of both processes come to. */
export interface LoggerOptions {
  readonly level: string;
  readonly format: 'json' | 'text';
  /** The process's part, `webhook` or `renewer`. */
  readonly name: string;
  /** Where lines go; standard output unless told. */
  readonly destination?: DestinationStream;
}

/**
 * Makes the logger: constant messages, structured keys, errors under `err` reduced to their
 * messages and code, since a library's error object may hold a request's body.
 */
export function createLogger({ level, format, name, destination }: LoggerOptions): Logger {
  const out = destination ?? createLineSink(process.stdout, reportDropped);
  const logger = pino(
    {
      level,
      base: { name },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: serializeError },
    },
    format === 'text' ? { write: (line) => out.write(toText(line)) } : out,
  );
  // As an error, which no level leaves out: each line that was dropped was one to be logged.
  function reportDropped(lines: number): void {
    logger.error({ lines }, 'lines of the log were dropped: nothing read them');
  }
  return logger;
}

function serializeError(error: unknown): { message: string; code?: string } {
  const message = describeError(error);
  return isCodedError(error) ? { code: error.code, message } : { message };
}

/** `12:00:00.000 INFO renewer: message key=value`, for people at a terminal. */
function toText(line: string): string {
  const { time, level, name, msg = '', ...rest }: Record<string, string> = JSON.parse(line);
  const pairs = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  const head = `${time?.slice(11, 23)} ${level?.toUpperCase()} ${name}: ${msg}`;
  return `${[head, ...pairs].join(' ')}\n`;
}
