import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { describeError, isCodedError } from './errors.ts';
import { createLineSink } from './command-line/output.ts';

export type { Logger } from 'pino';

/** The log settings of a process. */
export interface LoggerOptions {
  readonly level: string;
  readonly format: 'json' | 'text';
  /** The name of the process, `webhook` or `renewer`. */
  readonly name: string;
  /** Where lines are written; standard output by default. */
  readonly destination?: DestinationStream;
}

/**
 * Creates the logger: constant messages, structured keys, and errors under `err`, reduced to their
 * messages and code because the error object of a library may contain a request body.
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
  // As an error, which every level includes, because the dropped lines were to be logged.
  function reportDropped(lines: number): void {
    logger.error({ lines }, 'log lines dropped, because no reader consumed them');
  }
  return logger;
}

function serializeError(error: unknown): { message: string; code?: string } {
  const message = describeError(error);
  return isCodedError(error) ? { code: error.code, message } : { message };
}

/** `12:00:00.000 INFO renewer: message key=value`, for a terminal. */
function toText(line: string): string {
  const { time, level, name, msg = '', ...rest }: Record<string, string> = JSON.parse(line);
  const pairs = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  const head = `${time?.slice(11, 23)} ${level?.toUpperCase()} ${name}: ${msg}`;
  return `${[head, ...pairs].join(' ')}\n`;
}
