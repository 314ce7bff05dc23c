import { isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import {
  listOf,
  objectOf,
  SCALAR,
  type Selection,
} from '@ecr-pull-secrets/shared/json/select-json.ts';
import { LARGEST_OBJECT_BYTES } from './response-reader.ts';
import { isApiError } from './api-error.ts';
import { type KubeClient, METADATA_LIST_ONLY } from './client.ts';
import type { ObjectList, PartialObject } from './objects.ts';
import { type MetadataFields, metadataSelection, readJson } from './read-json.ts';

/** Objects per page of a list: what client-go's pager asks for. */
const MOST_OBJECTS = 500;

/** Objects of the first page, which shows how large they are: the API server makes even what is cut off. */
const FIRST_OBJECTS = 100;

/**
 * A larger page is cut off and asked for again with fewer objects, unless it is one object. 500 ordinary namespaces
 * have less than 1 MiB.
 */
const LARGEST_PAGE_BYTES = 4 * 1024 ** 2;

/** What a page is to have, by the size of the objects of the one before: half, as objects differ. */
const WANTED_PAGE_BYTES = LARGEST_PAGE_BYTES / 2;

/** From 100 objects to one in three steps. */
const SHRINK = 8;

/** How far a list is. */
export interface ListPosition {
  /** `undefined` before the first page and after the last one. */
  continueToken: string | undefined;
  /** How many objects the next page may have. */
  limit: number;
  /** The version of the list, as the latest page had it. */
  version: string | undefined;
}

export function beginList(): ListPosition {
  return { continueToken: undefined, limit: FIRST_OBJECTS, version: undefined };
}

/**
 * @template T - an object as the API server sends it
 * @template R - what is kept of it
 */
export interface ListOptions<T extends PartialObject, R> {
  readonly client: KubeClient;
  /** Path of the collection, for instance `/api/v1/namespaces`. */
  readonly path: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /** Asks for metadata alone. */
  readonly metadataOnly: boolean;
  /**
   * Of objects that strangers make: the fields of their metadata that are read, besides those that identify them.
   * Everything is read if this is absent.
   */
  readonly metadataFields?: MetadataFields;
  /**
   * Makes of each object, as soon as it is there, what is kept of it. Of objects that strangers make the result must
   * be small: one object may have megabytes.
   */
  readonly reduce: (object: T) => R;
  readonly signal?: AbortSignal;
}

interface Page<R> {
  readonly items: readonly R[];
  readonly metadata: ObjectList<unknown>['metadata'];
  readonly length: number;
}

/**
 * Asks for the next page of a list and moves the position on, in memory that does not depend on how large others
 * make their objects.
 *
 * @throws as the client; the position then is that of the same page, with fewer objects if the API server may have
 *   taken too long to make it
 */
export async function nextPage<T extends PartialObject, R>(
  options: ListOptions<T, R>,
  position: ListPosition,
): Promise<readonly R[]> {
  for (;;) {
    try {
      const { items, metadata, length } = await requestPage(options, position);
      position.continueToken = metadata.continue || undefined;
      position.version = metadata.resourceVersion;
      position.limit = nextLimit(position.limit, items.length, length);
      return items;
    } catch (error) {
      const { limit } = position;
      if (!isApiError(error) || error.status >= 500) position.limit = Math.ceil(limit / SHRINK);
      const isTooLarge = isCodedError(error, 'ECRPS_KUBERNETES_ANSWER_TOO_LARGE');
      if (!isTooLarge || limit === 1) throw error;
    }
  }
}

function requestPage<T extends PartialObject, R>(
  options: ListOptions<T, R>,
  { continueToken, limit }: ListPosition,
): Promise<Page<R>> {
  const { client, path, fieldSelector, labelSelector, metadataOnly, reduce, signal } = options;
  return client.request<Page<R>>({
    method: 'GET',
    path,
    query: { fieldSelector, labelSelector, limit, continue: continueToken },
    ...(metadataOnly ? { accept: METADATA_LIST_ONLY } : {}),
    maxBytes: limit === 1 ? LARGEST_OBJECT_BYTES : LARGEST_PAGE_BYTES,
    parse: (bytes) => {
      const { items, metadata }: ObjectList<T> = readJson(bytes, listSelection(options));
      const kept = (items ?? []).map((item) => reduce(item));
      return { items: kept, metadata, length: bytes.length };
    },
    ...(signal ? { signal } : {}),
  });
}

function listSelection<T extends PartialObject, R>({
  metadataFields,
}: ListOptions<T, R>): Selection | undefined {
  if (!metadataFields) return undefined;
  const metadata = objectOf({ resourceVersion: SCALAR, continue: SCALAR });
  return objectOf({ metadata, items: listOf(metadataSelection(metadataFields)) });
}

/** At most twice as many as now: whoever mixes small and large objects must not have every second page cut off. */
function nextLimit(limit: number, objects: number, length: number): number {
  const fitting = Math.floor(WANTED_PAGE_BYTES / (length / Math.max(objects, 1)));
  return Math.max(1, Math.min(fitting, limit * 2, MOST_OBJECTS));
}
