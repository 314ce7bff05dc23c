/**
 * The reason of a signal that aborts because the work is over, which no caller reads. Without it, each abort creates such
 * an error, with its stack: a third of the CPU of a reconcile loop.
 */
export const ENDED = new DOMException('the work has ended', 'AbortError');
