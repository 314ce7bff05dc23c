import type { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** A stream that people, files or other programs read; `process.stdout` is one. */
export interface Output {
  write(text: string): unknown;
  /** Whether it is a person's screen. */
  readonly isTTY?: boolean | undefined;
}

/** What is used of `process.stdout` and `process.stderr`. */
export interface StandardStream extends Pick<EventEmitter, 'on'> {
  /** Bytes that wait for a reader. */
  readonly writableLength: number;
  write(text: string, onWritten?: () => void): boolean;
}

/** Anyone who reads a log is at most seconds behind, or does not read at all. */
const FLUSH_LIMIT_MS = 3_000;

/** Some thousand lines: minutes of a busy log, and little of what a container may have. */
const WAITING_LIMIT_BYTES = 1024 * 1024;

/**
 * Lets work go on when a reader ends early (`| head -1`) or a disk is full: Node ends a process whose
 * stream has an error that nothing handles.
 */
export function ignoreWriteErrors(streams: readonly StandardStream[]): void {
  for (const stream of streams) stream.on('error', () => {});
}

/** Waits until all that was written is read, but not for long: `process.exit` drops what is left. */
export async function flush(
  streams: readonly StandardStream[],
  limitMs: number = FLUSH_LIMIT_MS,
): Promise<void> {
  const written = streams.map(
    (stream) => new Promise<void>((resolve) => void stream.write('', resolve)),
  );
  const limit = new AbortController();
  const timeUp = delay(limitMs, undefined, { signal: limit.signal }).catch(() => {});
  await Promise.race([Promise.all(written), timeUp]);
  limit.abort();
}

/** Takes lines and never waits for a reader. */
export interface LineSink {
  write(line: string): void;
}

/**
 * Writes lines to a stream while the reader keeps up within 1 MiB, and drops them otherwise: a process
 * that blocks on its log answers nobody, and one that keeps all lines runs out of memory. Node writes to
 * files at once, and to pipes without blocking.
 *
 * @param onDropped - is called with the number of lines that were dropped, when there is room again
 */
export function createLineSink(
  stream: StandardStream,
  onDropped: (lines: number) => void,
): LineSink {
  let dropped = 0;
  return {
    write: (line) => {
      if (stream.writableLength > WAITING_LIMIT_BYTES) {
        dropped++;
        return;
      }
      const lost = dropped;
      dropped = 0;
      if (lost > 0) onDropped(lost);
      stream.write(line);
    },
  };
}
