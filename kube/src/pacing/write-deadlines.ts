import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createError, isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import { ENDED } from '@ecr-pull-secrets/shared/runtime/ended.ts';
import { withTimeout } from '@ecr-pull-secrets/shared/runtime/with-timeout.ts';

/** How long a write waits for its response. */
export interface WriteLimits {
  /** After each such time without a response, a probe shows whether the API server responds at all. */
  readonly silenceMs: number;
  /** The longest wait, even if the API server responds to other requests. */
  readonly longestMs: number;
}

/**
 * A handler of the API server may work on a write for 34 s (apiserver v0.37 `endpoints/handlers/rest.go`,
 * `requestTimeoutUpperBound`), which lets an admission webhook have its 30 s. Before that, the write may wait in line
 * for a quarter of `--request-timeout`, which ends it in any case and is 60 s unless set (`server/config.go`). 5 s more
 * are for the network.
 */
export const WRITE_LIMITS: WriteLimits = { silenceMs: 10_000, longestMs: 65_000 };

/** A sleep that took this many times as long: the process or its machine stood still. Timers of a busy one are late by less. */
const LONGEST_SLEEP = 1.5;

/** Ends writes that get no response. */
export function createWriteDeadlines(
  dependencies: {
    /** Sends the API server a request, and resolves with whether there was a response. */
    readonly probe: (signal: AbortSignal) => Promise<boolean>;
    readonly clock: Clock;
  },
  { silenceMs, longestMs }: WriteLimits,
) {
  const { probe, clock } = dependencies;
  let respondedAtMs = Number.NEGATIVE_INFINITY;
  let probing: Promise<boolean> | undefined;

  /** Many writes may wait at once, and one probe serves them all. */
  async function isResponding(): Promise<boolean> {
    if (Math.abs(clock.now() - respondedAtMs) < silenceMs / 2) return true;
    const { signal } = new AbortController();
    probing ??= withTimeout({ clock, ms: silenceMs / 2, signal, timeUp }, probe).finally(() => {
      probing = undefined;
    });
    return probing;
  }

  async function abortIfSilent(work: AbortController, onResponding: () => void): Promise<void> {
    const { signal } = work;
    while (!signal.aborted) {
      const beganAtMs = clock.now();
      await clock.sleep(silenceMs, signal);
      if (signal.aborted) return;
      // A process that stood still received no response, whatever became of the write.
      const wasAwake = clock.now() - beganAtMs < LONGEST_SLEEP * silenceMs;
      if (await isResponding()) {
        if (wasAwake) onResponding();
      } else work.abort(new Error(`no response within ${silenceMs} ms, and none to another request`));
    }
  }

  return {
    /** The API server has responded to some request. */
    responded: (): void => {
      respondedAtMs = clock.now();
    },
    /**
     * Gives work a signal that aborts if there is no response: after `silenceMs` if the API server does not respond to
     * other requests either, otherwise after `longestMs`.
     *
     * @throws ECRPS_KUBERNETES_TIMEOUT after `longestMs`, or if a proxy cuts the write off while the API server
     *   responds to other requests: some proxies wait no longer than 15 s
     */
    run: async <T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
      const limit = { clock, ms: longestMs, signal, timeUp: () => timeoutError(longestMs) };
      return withTimeout(limit, async (limited) => {
        const either = new AbortController();
        const stop = (): void => either.abort(limited.reason);
        limited.addEventListener('abort', stop, { once: true });
        if (limited.aborted) stop();
        const startedAtMs = clock.now();
        let hasResponded = false;
        void abortIfSilent(either, () => {
          hasResponded = true;
        });
        try {
          return await work(either.signal);
        } catch (error) {
          const tookMs = clock.now() - startedAtMs;
          const isWriteAlone = hasResponded && !either.signal.aborted && tookMs >= 1.5 * silenceMs;
          if (!isWriteAlone || !isCodedError(error, 'ECRPS_KUBERNETES_UNREACHABLE')) throw error;
          throw timeoutError(tookMs, error);
        } finally {
          either.abort(ENDED);
        }
      });
    },
  };
}

function timeUp(): Error {
  return new Error('no response to a probe');
}

function timeoutError(ms: number, cause?: unknown): Error {
  return createError(
    'ECRPS_KUBERNETES_TIMEOUT',
    `no response within ${Math.round(ms / 1000)} s, while the API server responds to other requests`,
    cause,
  );
}
