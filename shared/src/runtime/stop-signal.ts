/** The part of `process` that is used here. */
interface SignalSource {
  once(event: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  exit(code: number): void;
}

/** 128 + the number of SIGINT, as shells report it. */
const INTERRUPTED_EXIT_CODE = 130;

/**
 * An AbortSignal that aborts at the first SIGTERM or SIGINT; a second SIGINT ends the process at once,
 * for the person at the keyboard who does not want to wait.
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
