import { createError, isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import type { ReconcileLoopDependencies } from '@ecr-pull-secrets/shared/runtime/reconcile-loop.ts';
import { isApiError } from './api-error.ts';
import type { KubeClient } from './client.ts';
import { beginList, type ListPosition, nextPage } from './list-page.ts';
import type { PartialObjectMetadata } from './objects.ts';
import { createReflectorBackOff, type WatchFailure } from './pacing/reflector-back-off.ts';
import { createThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';
import { type ReflectorSettings, watchOnce, type WatchPosition } from './watch-once.ts';

export type { ReflectorHandler, ReflectorSettings } from './watch-once.ts';

/**
 * A watch that held this long shows that the API server works. Shorter ones prove nothing: a server that works and
 * fails in turn must not be met at full speed.
 */
const STEADY_AFTER_MS = 10_000;

interface ReflectorDependencies extends ReconcileLoopDependencies {
  readonly client: KubeClient;
}

/** In the middle of a list, or past it. */
interface Progress<R> extends WatchPosition {
  /** The objects of the pages so far. */
  listed: R[];
  list: ListPosition;
}

/**
 * Follows a collection until the signal aborts: a paged list, then watches with bookmarks, each resumed from the last
 * resourceVersion. A new list is made only if the API server has compacted that version (410) or sends nonsense; a
 * list that fails in the middle resumes with the page that failed.
 *
 * It never rejects: every failure is retried with jitter, at most 30 s later, and logged once a minute.
 *
 * Its loop is its own, and not a reconcile loop: it is a stream with a position, and the wait depends on the kind of
 * the failure (`createReflectorBackOff`).
 */
export async function runReflector<T extends PartialObjectMetadata, R>(
  dependencies: ReflectorDependencies,
  settings: ReflectorSettings<T, R>,
  signal: AbortSignal,
): Promise<void> {
  const { client, clock, random } = dependencies;
  const { path } = settings;
  const logger = dependencies.logger.child({ path });
  const log = createThrottledLog({ clock, logger }, 'list and watch failed; will retry');
  const backOff = createReflectorBackOff(random);
  const progress = begin<R>();
  while (!signal.aborted) {
    try {
      progress.watchingSinceMs = undefined;
      if (progress.version === undefined) await continueList(client, settings, progress, signal);
      await watchOnce({ client, clock }, settings, progress, signal);
    } catch (error) {
      if (signal.aborted) return;
      const sinceMs = progress.watchingSinceMs ?? Number.POSITIVE_INFINITY;
      if (clock.now() - sinceMs >= STEADY_AFTER_MS) backOff.reset();
      const failure = failureOf(error, progress);
      if (failure.kind === 'relist') Object.assign(progress, begin<R>());
      // An API server compacts in the course of things, for instance whenever it restarts.
      if (isApiError(error, 410)) logger.debug({ err: error }, 'relisting');
      else log.report(error);
      await clock.sleep(backOff.nextMs(failure), signal);
    }
  }
}

function begin<R>(): Progress<R> {
  return { version: undefined, listed: [], list: beginList(), watchingSinceMs: undefined };
}

/**
 * Requests the pages that are still missing and hands all of them over at once, so that the handler never sees half a
 * list. What arrived before a failure is kept: a busy API server may refuse one of twenty pages, and would refuse the
 * more if each attempt started again.
 *
 * @throws as `nextPage`; ECRPS_KUBERNETES_ANSWER_INVALID if the list has no version to watch from
 */
async function continueList<T extends PartialObjectMetadata, R>(
  client: KubeClient,
  settings: ReflectorSettings<T, R>,
  progress: Progress<R>,
  signal: AbortSignal,
): Promise<void> {
  const { path, handler } = settings;
  const { list } = progress;
  do {
    for (const item of await nextPage(client, settings, list, signal)) progress.listed.push(item);
  } while (list.continueToken !== undefined);
  const { listed } = progress;
  progress.listed = [];
  handler.replace(listed);
  // A watch from "" would begin anywhere and would not report what was deleted meanwhile.
  if (!list.version) {
    throw createError('ECRPS_KUBERNETES_ANSWER_INVALID', `listing ${path}: no resourceVersion`);
  }
  progress.version = list.version;
}

/** The request itself is wrong, and the same one would fail again. */
const RELIST_STATUSES: ReadonlySet<number> = new Set([400, 410, 422]);

function failureOf(error: unknown, { watchingSinceMs }: WatchPosition): WatchFailure {
  if (isApiError(error)) {
    if (RELIST_STATUSES.has(error.status)) return { kind: 'relist' };
    const { retryAfterMs } = error;
    return retryAfterMs === undefined ? { kind: 'failed' } : { kind: 'busy', retryAfterMs };
  }
  if (!isCodedError(error, 'ECRPS_KUBERNETES_UNREACHABLE')) return { kind: 'relist' };
  return { kind: watchingSinceMs === undefined ? 'failed' : 'broken' };
}
