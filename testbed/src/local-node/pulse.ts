/** Wakes those who wait for a change. */
export interface Pulse {
  readonly ring: () => void;
  /** Aborts at the next ring. Taken before the look at what may change, no ring is missed. */
  next(): AbortSignal;
}

export function createPulse(): Pulse {
  let current = new AbortController();
  return {
    next: () => current.signal,
    ring: () => {
      const rung = current;
      current = new AbortController();
      rung.abort();
    },
  };
}

/** Resolves once the signal has aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
