import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import {
  listOf,
  objectOf,
  SCALAR,
  type Selection,
} from '@ecr-pull-secrets/shared/json/select-json.ts';
import { createApiError } from './api-error.ts';
import { METADATA_ONLY } from './client.ts';
import { linesOf } from './lines.ts';
import type { ReflectorOptions, Progress } from './reflector.ts';
import type { PartialObject, Status } from './objects.ts';
import { isOlderVersion } from './resource-version.ts';
import { metadataSelection, readJson } from './read-json.ts';
import { withTimeout } from '@ecr-pull-secrets/shared/runtime/with-timeout.ts';

/**
 * A watch is asked to end after this long and is then resumed from where it was. The API server sends
 * a bookmark two seconds before (cacheWatcher.nextBookmarkTime), so that the place is a recent one.
 */
const WATCH_SECONDS = 40;

/** A watch that ends sooner was cut off. The server's clock started before ours. */
const DUE_AFTER_MS = (WATCH_SECONDS - 1) * 1000;

/**
 * A watch that should have ended is given up, whatever comes out of it: a connection may die without a
 * word, and a proxy may keep one alive to nothing. With the wait before the next attempt (0.5 s) and
 * its connection (5 s) no blind window is longer than a minute.
 */
const LONGEST_WATCH_MS = 45_000;

/**
 * One watch, until the server ends it in due time; each event moves the progress on.
 *
 * @throws as the client, where the watch is refused; ECRPS_KUBERNETES_UNREACHABLE where it breaks off;
 *   an ApiError where the server says so in the stream; ECRPS_KUBERNETES_ANSWER_INVALID for nonsense
 */
export async function watchOnce<T extends PartialObject, R>(
  options: ReflectorOptions<T, R>,
  progress: Progress<R>,
): Promise<void> {
  const { path, clock, signal } = options;
  const broken = (what: string): Error =>
    createError('ECRPS_KUBERNETES_UNREACHABLE', `watching ${path}: ${what}`);
  const timeUp = (): Error => broken('did not end in due time');
  await withTimeout({ clock, ms: LONGEST_WATCH_MS, signal, timeUp }, async (limit) => {
    const stream = await openWatch(options, progress, limit);
    const openedAtMs = clock.now();
    progress.watchingSinceMs = openedAtMs;
    const selection = eventSelection(options);
    for await (const line of linesOf(stream)) {
      take(options, progress, parseEvent<T>(path, line, selection));
    }
    if (clock.now() - openedAtMs < DUE_AFTER_MS) throw broken('ended too early');
  });
}

function openWatch<T extends PartialObject, R>(
  { client, path, fieldSelector, labelSelector, metadataOnly }: ReflectorOptions<T, R>,
  { version: resourceVersion }: Progress<R>,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  return client.stream({
    method: 'GET',
    path,
    query: {
      fieldSelector,
      labelSelector,
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion,
      timeoutSeconds: WATCH_SECONDS,
    },
    ...(metadataOnly ? { accept: METADATA_ONLY } : {}),
    silenceMs: LONGEST_WATCH_MS,
    signal,
  });
}

function take<T extends PartialObject, R>(
  { path, reduce, handler }: ReflectorOptions<T, R>,
  progress: Progress<R>,
  event: WatchEvent<T>,
): void {
  if (event.type === 'ERROR') throw watchError(path, event.object);
  const version = event.object.metadata.resourceVersion || progress.version;
  if (isOlderVersion(version, progress.version)) {
    // A watch never goes back, unless the server did: restored from a backup, it has another past.
    throw createError('ECRPS_KUBERNETES_ANSWER_INVALID', `watching ${path}: an event of the past`);
  }
  if (event.type === 'DELETED') handler.remove(reduce(event.object));
  else if (event.type !== 'BOOKMARK') handler.upsert(reduce(event.object));
  progress.version = version;
}

type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: T }
  | { readonly type: 'ERROR'; readonly object: Status };

/** Of the `Status` that an ERROR has for an object. */
const STATUS_FIELDS = {
  code: SCALAR,
  reason: SCALAR,
  message: SCALAR,
  details: objectOf({ retryAfterSeconds: SCALAR, causes: listOf(objectOf({ reason: SCALAR })) }),
};

function eventSelection<T extends PartialObject, R>({
  metadataFields,
}: ReflectorOptions<T, R>): Selection | undefined {
  if (!metadataFields) return undefined;
  return objectOf({ type: SCALAR, object: metadataSelection(metadataFields, STATUS_FIELDS) });
}

function parseEvent<T>(
  path: string,
  line: Buffer,
  selection: Selection | undefined,
): WatchEvent<T> {
  try {
    return readJson(line, selection);
  } catch {
    // The parser's own message quotes the line, which may hold a secret.
    throw createError('ECRPS_KUBERNETES_ANSWER_INVALID', `watching ${path}: a line is not JSON`);
  }
}

function watchError(path: string, status: Status): Error {
  const seconds = status.details?.retryAfterSeconds;
  return createApiError(`watching ${path}`, {
    status: status.code ?? 500,
    retryAfter: seconds === undefined ? undefined : String(seconds),
    text: JSON.stringify(status),
  });
}
