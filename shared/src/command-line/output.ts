import type { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** A stream for people, files or other programs; `process.stdout` is one. */
export interface Output {
  write(text: string, onWritten?: (error?: Error | null) => void): unknown;
  /** Whether it is a terminal. */
  readonly isTTY?: boolean | undefined;
}

/** The part of `process.stdout` and `process.stderr` that is needed here. */
export interface StandardStream extends Pick<EventEmitter, 'on'> {
  /** The number of bytes that are not read yet. */
  readonly writableLength: number;
  write(text: string, onWritten?: () => void): boolean;
}

/** A reader that is more than a few seconds late does not read at all. */
const FLUSH_LIMIT_MS = 3_000;

/** Several thousand lines: minutes of a busy log, and a small part of a container's memory. */
const WAITING_LIMIT_BYTES = 1024 * 1024;

/**
 * Lets the process continue if a reader ends early (`| head -1`) or a disk is full: Node ends a process whose
 * stream has an unhandled error.
 */
export function ignoreWriteErrors(streams: readonly StandardStream[]): void {
  for (const stream of streams) stream.on('error', () => {});
}

/** Waits until everything is written, for a limited time, because `process.exit` drops the rest. */
export async function flush(streams: readonly StandardStream[], limitMs: number = FLUSH_LIMIT_MS): Promise<void> {
  const written = streams.map((stream) => new Promise<void>((resolve) => void stream.write('', resolve)));
  const limit = new AbortController();
  const timeUp = delay(limitMs, undefined, { signal: limit.signal }).catch(() => {});
  await Promise.race([Promise.all(written), timeUp]);
  limit.abort();
}

/**
 * Writes lines to a stream, and drops them while more than 1 MiB is not read: a process
 * that blocks on its log cannot answer, and one that buffers all lines runs out of memory. Node writes to
 * files synchronously, and to pipes without blocking.
 *
 * @param onDropped - called with the number of dropped lines, as soon as lines are written again
 */
export function createLineSink(stream: StandardStream, onDropped: (lines: number) => void) {
  let dropped = 0;
  return {
    write: (line: string): void => {
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
