/** The part of `process` that is needed here. */
interface SignalSource {
  once(event: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  exit(code: number): void;
}

/** 128 + the number of SIGINT, as shells report a process that it ended. */
export const INTERRUPTED_EXIT_CODE = 130;

/**
 * An AbortSignal that aborts at the first SIGTERM or SIGINT. A second SIGINT exits the process at once,
 * for a person at a terminal who does not want to wait.
 */
export function stopSignal(source: SignalSource): AbortSignal {
  const controller = new AbortController();
  source.once('SIGTERM', () => controller.abort());
  source.once('SIGINT', () => {
    controller.abort();
    source.once('SIGINT', () => source.exit(INTERRUPTED_EXIT_CODE));
  });
  return controller.signal;
}
