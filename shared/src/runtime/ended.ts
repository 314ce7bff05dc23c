/**
 * The reason of a signal that aborts because the work is over. Without a reason, each abort creates such an error with
 * its stack, which no code reads: a third of the CPU of a reconcile loop.
 */
export const ENDED = new DOMException('the work has ended', 'AbortError');
