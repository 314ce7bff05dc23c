import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { listOf, objectOf, SCALAR, type Selection } from '@ecr-pull-secrets/shared/json/select-json.ts';
import { createApiError } from './api-error.ts';
import { type KubeClient, METADATA_ONLY } from './client.ts';
import { linesOf } from './lines.ts';
import type { ListSettings } from './list-page.ts';
import type { PartialObjectMetadata, Status } from './objects.ts';
import { isOlderVersion } from './resource-version.ts';
import { metadataSelection, readJson } from './read-json.ts';
import { withTimeout } from '@ecr-pull-secrets/shared/runtime/with-timeout.ts';

/**
 * A watch is requested to end after this long and is then resumed from its last version. The API server sends a
 * bookmark two seconds before (cacheWatcher.nextBookmarkTime), so that this version is a recent one.
 */
const WATCH_SECONDS = 40;

/** A watch that ends sooner was cut off. The server's clock started before ours. */
const DUE_AFTER_MS = (WATCH_SECONDS - 1) * 1000;

/**
 * A watch that should have ended is given up, even if data still arrives: a connection may die silently, and a proxy
 * may keep one open that leads nowhere. With the wait before the next attempt (0.5 s) and its connection (5 s) no
 * event is late by more than a minute.
 */
const LONGEST_WATCH_MS = 45_000;

/** Receives what is there. Calls come in order, never two at a time; they must not throw. */
export interface ReflectorHandler<R> {
  /** All objects, after each list: an object that is not among them is gone. */
  replace(objects: readonly R[]): void;
  upsert(object: R): void;
  remove(object: R): void;
}

/** What to list and watch, and who receives it. */
export interface ReflectorSettings<T extends PartialObjectMetadata, R> extends ListSettings<T, R> {
  readonly handler: ReflectorHandler<R>;
}

/** Where a watch is. */
export interface WatchPosition {
  /** From which version the next watch resumes; `undefined` while the list is not complete. */
  version: string | undefined;
  /** When the API server accepted the latest watch, by the clock. */
  watchingSinceMs: number | undefined;
}

/**
 * One watch, until the server ends it in due time; each event moves the position on.
 *
 * @throws as the client, if the watch is refused; ECRPS_KUBERNETES_UNREACHABLE if it breaks off;
 *   an ApiError if the stream has an ERROR event; ECRPS_KUBERNETES_ANSWER_INVALID for nonsense
 */
export async function watchOnce<T extends PartialObjectMetadata, R>(
  { client, clock }: { readonly client: KubeClient; readonly clock: Clock },
  settings: ReflectorSettings<T, R>,
  position: WatchPosition,
  signal: AbortSignal,
): Promise<void> {
  const { path, metadataFields } = settings;
  const object = metadataFields && metadataSelection(metadataFields, STATUS_FIELDS);
  const selection = object && objectOf({ type: SCALAR, object });
  const broken = (what: string): Error => createError('ECRPS_KUBERNETES_UNREACHABLE', `watching ${path}: ${what}`);
  const timeUp = (): Error => broken('did not end in due time');
  await withTimeout({ clock, ms: LONGEST_WATCH_MS, signal, timeUp }, async (limited) => {
    const stream = await openWatch(client, settings, position, limited);
    const openedAtMs = clock.now();
    position.watchingSinceMs = openedAtMs;
    for await (const line of linesOf(stream)) {
      handleEvent(settings, position, parseEvent<T>(path, line, selection));
    }
    if (clock.now() - openedAtMs < DUE_AFTER_MS) throw broken('ended too early');
  });
}

function openWatch<T extends PartialObjectMetadata, R>(
  client: KubeClient,
  { path, fieldSelector, metadataOnly }: ReflectorSettings<T, R>,
  { version: resourceVersion }: WatchPosition,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  return client.stream({
    method: 'GET',
    path,
    query: {
      fieldSelector,
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

function handleEvent<T extends PartialObjectMetadata, R>(
  { path, reduce, handler }: ReflectorSettings<T, R>,
  position: WatchPosition,
  event: WatchEvent<T>,
): void {
  if (event.type === 'ERROR') throw watchError(path, event.object);
  const version = event.object.metadata.resourceVersion || position.version;
  if (isOlderVersion(version, position.version)) {
    // A watch never goes back, unless the server was restored from a backup: then it has another past.
    throw createError('ECRPS_KUBERNETES_ANSWER_INVALID', `watching ${path}: an event of the past`);
  }
  if (event.type === 'DELETED') handler.remove(reduce(event.object));
  else if (event.type !== 'BOOKMARK') handler.upsert(reduce(event.object));
  position.version = version;
}

type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: T }
  | { readonly type: 'ERROR'; readonly object: Status };

/** Of the `Status` that is the object of an ERROR event. */
const STATUS_FIELDS = {
  code: SCALAR,
  reason: SCALAR,
  message: SCALAR,
  details: objectOf({ retryAfterSeconds: SCALAR, causes: listOf(objectOf({ reason: SCALAR })) }),
};

function parseEvent<T>(path: string, line: Buffer, selection: Selection | undefined): WatchEvent<T> {
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
