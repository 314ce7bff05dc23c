import type { Clock } from '@ecr-pull-secrets/shared/clock.ts';
import { isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import { isApiError } from './api-error.ts';
import type { KubeClient } from './client.ts';
import { continueList } from './list-pages.ts';
import type { PartialObject } from './objects.ts';
import { createRetryPace, type Trouble } from './retry-pace.ts';
import { createTroubleLog } from './trouble-log.ts';
import { watchOnce } from './watch-once.ts';

/**
 * A watch that held this long shows an API server in order. Shorter ones prove nothing: a server that
 * answers and fails in turn must not be met at full speed.
 */
const STEADY_AFTER_MS = 10_000;

/** Told what is there. Calls come in order, never two at a time; they must not throw. */
export interface ListWatchHandler<T> {
  /** All objects, after each list: whatever is not among them is gone. */
  replace(objects: readonly T[]): void;
  upsert(object: T): void;
  remove(object: T): void;
}

export interface ListWatchOptions<T extends PartialObject> {
  readonly client: KubeClient;
  /** Path of the collection, for instance `/api/v1/namespaces`. */
  readonly path: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /** Asks for metadata alone. */
  readonly metadataOnly: boolean;
  readonly handler: ListWatchHandler<T>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** How far we are: in the middle of a list, or past it. */
export interface Progress<T> {
  /** Where the next watch goes on; `undefined` while the list is not complete. */
  version: string | undefined;
  /** What the pages so far had. */
  listed: T[];
  continueToken: string | undefined;
  /** When the latest watch was answered, by the clock. */
  watchingSinceMs: number | undefined;
}

/**
 * Follows a collection until the signal aborts: a paged list, then watches with bookmarks, each
 * resumed from the last resourceVersion. A new list only where the API server forgot (410) or what it
 * says makes no sense; a list that fails in the middle goes on with the page that failed.
 *
 * Never gives up and never rejects: every failure is tried again with jitter, at most 30 s later, and
 * said in the log once a minute.
 */
export async function listWatch<T extends PartialObject>(
  options: ListWatchOptions<T>,
): Promise<void> {
  const { clock, random, signal, logger, path } = options;
  const log = createTroubleLog(
    { clock, logger: logger.child({ path }) },
    'following the API server failed; will retry',
  );
  const pace = createRetryPace(random);
  const progress = begin<T>();
  while (!signal.aborted) {
    try {
      progress.watchingSinceMs = undefined;
      if (progress.version === undefined) await continueList(options, progress);
      await watchOnce(options, progress);
    } catch (error) {
      if (signal.aborted) return;
      if (wasSteady(progress, clock)) pace.reset();
      const trouble = troubleOf(error, progress);
      if (trouble.kind === 'forgotten') Object.assign(progress, begin<T>());
      // The API server forgets in the course of things, for instance whenever it restarts.
      if (isApiError(error, 410)) logger.debug({ err: error, path }, 'listing anew');
      else log.report(error);
      await clock.sleep(pace.nextMs(trouble), signal);
    }
  }
}

function begin<T>(): Progress<T> {
  return { version: undefined, listed: [], continueToken: undefined, watchingSinceMs: undefined };
}

function wasSteady({ watchingSinceMs }: Progress<unknown>, clock: Clock): boolean {
  return watchingSinceMs !== undefined && clock.now() - watchingSinceMs >= STEADY_AFTER_MS;
}

/** Answers that say that the request itself is wrong: it will be no better the next time. */
const HOPELESS: ReadonlySet<number> = new Set([400, 410, 422]);

function troubleOf(error: unknown, { watchingSinceMs }: Progress<unknown>): Trouble {
  if (isApiError(error)) {
    if (HOPELESS.has(error.status)) return { kind: 'forgotten' };
    const { retryAfterMs } = error;
    return retryAfterMs === undefined ? { kind: 'failed' } : { kind: 'busy', retryAfterMs };
  }
  if (!isCodedError(error, 'ECRPS_KUBERNETES_UNREACHABLE')) return { kind: 'forgotten' };
  return { kind: watchingSinceMs === undefined ? 'failed' : 'ended' };
}
