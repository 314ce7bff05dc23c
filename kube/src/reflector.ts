import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createError, isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import { isApiError } from './api-error.ts';
import { beginList, type ListOptions, type ListPosition, nextPage } from './list-page.ts';
import type { PartialObject } from './objects.ts';
import { createReflectorBackOff, type WatchFailure } from './reflector-back-off.ts';
import { createThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';
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

export interface ReflectorOptions<T extends PartialObject, R> extends ListOptions<T, R> {
  readonly handler: ListWatchHandler<R>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** How far we are: in the middle of a list, or past it. */
export interface Progress<R> {
  /** Where the next watch goes on; `undefined` while the list is not complete. */
  version: string | undefined;
  /** What the pages so far had. */
  listed: R[];
  position: ListPosition;
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
export async function runReflector<T extends PartialObject, R>(
  options: ReflectorOptions<T, R>,
): Promise<void> {
  const { clock, random, signal, logger, path } = options;
  const log = createThrottledLog(
    { clock, logger: logger.child({ path }) },
    'following the API server failed; will retry',
  );
  const pace = createReflectorBackOff(random);
  const progress = begin<R>();
  while (!signal.aborted) {
    try {
      progress.watchingSinceMs = undefined;
      if (progress.version === undefined) await continueList(options, progress);
      await watchOnce(options, progress);
    } catch (error) {
      if (signal.aborted) return;
      if (wasSteady(progress, clock)) pace.reset();
      const trouble = troubleOf(error, progress);
      if (trouble.kind === 'forgotten') Object.assign(progress, begin<R>());
      // The API server forgets in the course of things, for instance whenever it restarts.
      if (isApiError(error, 410)) logger.debug({ err: error, path }, 'listing anew');
      else log.report(error);
      await clock.sleep(pace.nextMs(trouble), signal);
    }
  }
}

function begin<R>(): Progress<R> {
  return { version: undefined, listed: [], position: beginList(), watchingSinceMs: undefined };
}

/**
 * Asks for the pages that are still missing and hands all of them over at once, so that nobody ever
 * sees half a list. What arrived before a failure is kept: of twenty pages one may be refused by an
 * API server that is busy, and to begin again would be refused the more.
 *
 * @throws as `nextPage`; ECRPS_KUBERNETES_ANSWER_INVALID where the list says not where to watch from
 */
async function continueList<T extends PartialObject, R>(
  options: ReflectorOptions<T, R>,
  progress: Progress<R>,
): Promise<void> {
  const { path, handler } = options;
  const { position } = progress;
  do {
    for (const item of await nextPage(options, position)) progress.listed.push(item);
  } while (position.continueToken !== undefined);
  const { listed } = progress;
  progress.listed = [];
  handler.replace(listed);
  // Watching from "" would begin anywhere and keep silent about what was deleted meanwhile.
  if (!position.version) {
    throw createError('ECRPS_KUBERNETES_ANSWER_INVALID', `listing ${path}: no resourceVersion`);
  }
  progress.version = position.version;
}

function wasSteady({ watchingSinceMs }: Progress<unknown>, clock: Clock): boolean {
  return watchingSinceMs !== undefined && clock.now() - watchingSinceMs >= STEADY_AFTER_MS;
}

/** Answers that say that the request itself is wrong: it will be no better the next time. */
const HOPELESS: ReadonlySet<number> = new Set([400, 410, 422]);

function troubleOf(error: unknown, { watchingSinceMs }: Progress<unknown>): WatchFailure {
  if (isApiError(error)) {
    if (HOPELESS.has(error.status)) return { kind: 'forgotten' };
    const { retryAfterMs } = error;
    return retryAfterMs === undefined ? { kind: 'failed' } : { kind: 'busy', retryAfterMs };
  }
  if (!isCodedError(error, 'ECRPS_KUBERNETES_UNREACHABLE')) return { kind: 'forgotten' };
  return { kind: watchingSinceMs === undefined ? 'failed' : 'ended' };
}
