import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Output } from '@ecr-pull-secrets/shared/command-line/output.ts';

/** Between the end of a report and the begin of the next one. */
const INTERVAL_MS = 5_000;

/** Of a terminal: the cursor goes home; the rest of a line, and of the screen, is erased (ECMA-48). */
const HOME = '\x1b[H';
const ERASE_LINE = '\x1b[K';
const ERASE_REST = '\x1b[J';

/**
 * Prints a report again and again until the signal aborts, or no one reads any more (`| head`). On a terminal each one
 * replaces the last one; elsewhere it follows it.
 *
 * @param next - makes a report; never rejects
 */
export async function watchReport(
  { clock, stdout, signal }: { readonly clock: Clock; readonly stdout: Output; readonly signal: AbortSignal },
  next: () => Promise<string>,
): Promise<void> {
  const unread = new AbortController();
  const ended = AbortSignal.any([signal, unread.signal]);
  for (let isFirst = true; !ended.aborted; isFirst = false) {
    const text = await next();
    if (ended.aborted) return;
    stdout.write(stdout.isTTY ? redrawing(text, isFirst) : text, (error) => {
      if (error) unread.abort();
    });
    await clock.sleep(INTERVAL_MS, ended);
  }
}

/** The first one erases the screen. A later one erases only what is left of the last one, so that it does not flicker. */
function redrawing(text: string, isFirst: boolean): string {
  const erased = text.replaceAll('\n', `${ERASE_LINE}\n`);
  return `${isFirst ? `${HOME}${ERASE_REST}` : HOME}${erased}${ERASE_REST}`;
}
