import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createError, isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import { withTimeout } from '@ecr-pull-secrets/shared/runtime/with-timeout.ts';

/** How long a write waits for its answer. */
export interface WriteLimits {
  /** After each such time without an answer, a probe shows whether the API server answers at all. */
  readonly silenceMs: number;
  /** However alive the API server is. */
  readonly longestMs: number;
}

/**
 * A handler of the API server may work on a write for 34 s (apiserver v0.37 `endpoints/handlers/rest.go`,
 * `requestTimeoutUpperBound`), which lets an admission webhook have its 30 s; before, the write may wait in line for a
 * quarter of `--request-timeout`, which ends it in any case and is 60 s unless set (`server/config.go`). 5 s more are
 * for the way there and back.
 */
export const WRITE_LIMITS: WriteLimits = { silenceMs: 10_000, longestMs: 65_000 };

/** Waits for the answers to writes as long as it makes sense. */
export interface Patience {
  /** The API server has answered something. */
  answered(): void;
  /**
   * Gives work a signal that aborts if there is no answer: early if the API server answers nothing else either,
   * otherwise in the end.
   *
   * @throws ECRPS_KUBERNETES_TIMEOUT in the end, or if something on the way cuts the work off while the API server
   *   answers others: a proxy may wait no longer than 15 s
   */
  wait<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

export function createWriteDeadlines(options: {
  readonly limits: WriteLimits;
  /** Sends the API server a request, and resolves with whether there was an answer. */
  readonly probe: (signal: AbortSignal) => Promise<boolean>;
  readonly clock: Clock;
}): Patience {
  const { limits, probe, clock } = options;
  const { silenceMs, longestMs } = limits;
  let answeredAtMs = Number.NEGATIVE_INFINITY;
  let probing: Promise<boolean> | undefined;

  /** Many writes may wait at once, and one probe serves them all. */
  async function isAlive(): Promise<boolean> {
    if (Math.abs(clock.now() - answeredAtMs) < silenceMs / 2) return true;
    const { signal } = new AbortController();
    probing ??= withTimeout({ clock, ms: silenceMs / 2, signal, timeUp: noAnswer }, probe).finally(
      () => {
        probing = undefined;
      },
    );
    return probing;
  }

  async function giveUpIfDead(work: AbortController, lookedAlive: () => void): Promise<void> {
    const { signal } = work;
    while (!signal.aborted) {
      await clock.sleep(silenceMs, signal);
      if (signal.aborted) return;
      if (await isAlive()) {
        lookedAlive();
        continue;
      }
      work.abort(new Error(`no answer within ${silenceMs} ms, and none to another request`));
    }
  }

  return {
    answered: () => {
      answeredAtMs = clock.now();
    },
    wait: async (signal, work) => {
      const timeUp = (): Error => late(longestMs);
      return withTimeout({ clock, ms: longestMs, signal, timeUp }, async (limited) => {
        const either = new AbortController();
        const stop = (): void => either.abort(limited.reason);
        limited.addEventListener('abort', stop, { once: true });
        if (limited.aborted) stop();
        const beganAtMs = clock.now();
        let isOtherwiseAlive = false;
        void giveUpIfDead(either, () => {
          isOtherwiseAlive = true;
        });
        try {
          return await work(either.signal);
        } catch (error) {
          const tookMs = clock.now() - beganAtMs;
          const isOwnMatter =
            isOtherwiseAlive && !either.signal.aborted && tookMs >= 1.5 * silenceMs;
          if (!isOwnMatter || !isCodedError(error, 'ECRPS_KUBERNETES_UNREACHABLE')) throw error;
          throw late(tookMs, error);
        } finally {
          either.abort();
        }
      });
    },
  };
}

function noAnswer(): Error {
  return new Error('no answer');
}

function late(ms: number, cause?: unknown): Error {
  return createError(
    'ECRPS_KUBERNETES_TIMEOUT',
    `no answer within ${Math.round(ms / 1000)} s, while the API server answers other requests`,
    cause,
  );
}
