import { isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import { listOf, objectOf, scalarsOf, type Selection } from '@ecr-pull-secrets/shared/json/select-json.ts';
import { LARGEST_OBJECT_BYTES } from './response-reader.ts';
import { isApiError } from './api-error.ts';
import { type KubeClient, METADATA_LIST_ONLY } from './client.ts';
import type { ObjectList, PartialObjectMetadata } from './objects.ts';
import { type MetadataFields, metadataSelection, readJson } from './read-json.ts';

/** The limit of a page, as in client-go's pager. */
const MAX_PAGE_OBJECTS = 500;

/** The limit of the first page, which shows how large the objects are: the API server builds even what is cut off. */
const FIRST_PAGE_OBJECTS = 100;

/**
 * A larger page is cut off and requested again with fewer objects, unless it is one object. 500 ordinary namespaces
 * have less than 1 MiB.
 */
const MAX_PAGE_BYTES = 4 * 1024 ** 2;

/** The size that the next page is to have, by the average object of the page before: half, as objects differ. */
const WANTED_PAGE_BYTES = MAX_PAGE_BYTES / 2;

/** From 100 objects to one in three steps. */
const SHRINK_FACTOR = 8;

/** How far a list is. */
export interface ListPosition {
  /** `undefined` before the first page and after the last one. */
  continueToken: string | undefined;
  /** How many objects the next page may have. */
  limit: number;
  /** The version of the list, as in the latest page. */
  version: string | undefined;
}

export function beginList(): ListPosition {
  return { continueToken: undefined, limit: FIRST_PAGE_OBJECTS, version: undefined };
}

/**
 * What to list.
 *
 * @template T - an object as the API server sends it
 * @template R - what is kept of it
 */
export interface ListSettings<T extends PartialObjectMetadata, R> {
  /** Path of the collection, for instance `/api/v1/namespaces`. */
  readonly path: string;
  readonly fieldSelector?: string;
  /** Requests the metadata alone. */
  readonly metadataOnly: boolean;
  /**
   * Fields of the metadata to read, besides those that identify the object. To be set if strangers make the objects:
   * everything is read if this is absent.
   */
  readonly metadataFields?: MetadataFields;
  /** With `metadataFields`: the fields to read beside the metadata. */
  readonly otherFields?: MetadataFields;
  /**
   * With `metadataFields`: whether an object with more values than are read (`read-json.ts`) is left out. The list fails
   * otherwise, because an object that is left out of a cache would count as deleted.
   */
  readonly leavesOutUnreadable?: boolean;
  /**
   * Returns what is kept of an object, as soon as the object is read. The result must be small if strangers make the
   * objects: one object may have megabytes.
   */
  readonly reduce: (object: T) => R;
}

const LIST_METADATA = scalarsOf(['resourceVersion', 'continue']);

interface Page<R> {
  readonly items: readonly R[];
  readonly metadata: ObjectList<unknown>['metadata'];
  readonly bytes: number;
}

/**
 * Requests the next page of a list and moves the position on, in memory that does not depend on how large others
 * make their objects.
 *
 * @throws as the client; the position then is that of the same page, with fewer objects if the API server may have
 *   taken too long to build it
 */
export async function nextPage<T extends PartialObjectMetadata, R>(
  client: KubeClient,
  settings: ListSettings<T, R>,
  position: ListPosition,
  signal?: AbortSignal,
): Promise<readonly R[]> {
  for (;;) {
    try {
      const request = { ...pageRequest(settings, position), signal };
      const { items, metadata, bytes } = await client.request<Page<R>>(request);
      position.continueToken = metadata.continue || undefined;
      position.version = metadata.resourceVersion;
      position.limit = nextLimit(position.limit, items.length, bytes);
      return items;
    } catch (error) {
      const { limit } = position;
      if (!isApiError(error) || error.status >= 500) position.limit = Math.ceil(limit / SHRINK_FACTOR);
      if (!isTooLarge(error) || limit === 1) throw error;
    }
  }
}

/** By its bytes, or by the values that may be read of one (`read-json.ts`). */
function isTooLarge(error: unknown): boolean {
  if (isCodedError(error, 'ECRPS_KUBERNETES_ANSWER_TOO_LARGE')) return true;
  return error instanceof Error && error.cause instanceof RangeError;
}

/**
 * Lists page by page.
 *
 * @throws as `nextPage`
 */
export async function* pagesOf<T extends PartialObjectMetadata, R>(
  client: KubeClient,
  settings: ListSettings<T, R>,
  signal?: AbortSignal,
): AsyncGenerator<readonly R[]> {
  const position = beginList();
  do {
    yield await nextPage(client, settings, position, signal);
  } while (position.continueToken !== undefined);
}

function pageRequest<T extends PartialObjectMetadata, R>(
  {
    path,
    fieldSelector,
    metadataOnly,
    metadataFields,
    otherFields,
    leavesOutUnreadable = false,
    reduce,
  }: ListSettings<T, R>,
  { continueToken, limit }: ListPosition,
) {
  const items = metadataFields && listOf(metadataSelection(metadataFields, otherFields));
  const selection = items && objectOf({ metadata: LIST_METADATA, items });
  return {
    method: 'GET',
    path,
    query: { fieldSelector, limit, continue: continueToken },
    ...(metadataOnly ? { accept: METADATA_LIST_ONLY } : {}),
    maxBytes: limit === 1 ? LARGEST_OBJECT_BYTES : MAX_PAGE_BYTES,
    parse: (bytes: Buffer): Page<R> => {
      const list: ObjectList<T> = readList(bytes, selection, leavesOutUnreadable && limit === 1);
      const kept = (list.items ?? []).map((item) => reduce(item));
      return { items: kept, metadata: list.metadata, bytes: bytes.length };
    },
  } as const;
}

/** @param leavesOut - whether too many values are read as a list without items: the list goes on behind them */
function readList(bytes: Buffer, selection: Selection | undefined, leavesOut: boolean) {
  try {
    return readJson(bytes, selection);
  } catch (error) {
    if (!leavesOut || !(error instanceof RangeError)) throw error;
    return readJson(bytes, objectOf({ metadata: LIST_METADATA }));
  }
}

/** At most twice the last limit: if small and large objects are mixed, not every second page must be cut off. */
function nextLimit(limit: number, objects: number, bytes: number): number {
  const fitting = Math.floor(WANTED_PAGE_BYTES / (bytes / Math.max(objects, 1)));
  return Math.max(1, Math.min(fitting, limit * 2, MAX_PAGE_OBJECTS));
}
