import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { METADATA_LIST_ONLY } from './client.ts';
import type { ListWatchOptions, Progress } from './list-watch.ts';
import type { ObjectList, PartialObject } from './objects.ts';

/** Objects per page of a list: what client-go's pager asks for. */
const PAGE_SIZE = 500;

/**
 * Asks for the pages that are still missing and hands all of them over at once, so that nobody ever
 * sees half a list. What arrived before a failure is kept: of twenty pages one may be refused by an
 * API server that is busy, and to begin again would be refused the more.
 *
 * @throws as the client; ECRPS_KUBERNETES_ANSWER_INVALID where the list says not where to watch from
 */
export async function continueList<T extends PartialObject>(
  options: ListWatchOptions<T>,
  progress: Progress<T>,
): Promise<void> {
  const { client, path, fieldSelector, labelSelector, metadataOnly, handler, signal } = options;
  let version: string | undefined;
  do {
    const { items, metadata } = await client.request<ObjectList<T>>({
      method: 'GET',
      path,
      query: { fieldSelector, labelSelector, limit: PAGE_SIZE, continue: progress.continueToken },
      ...(metadataOnly ? { accept: METADATA_LIST_ONLY } : {}),
      signal,
    });
    progress.listed.push(...(items ?? []));
    progress.continueToken = metadata.continue || undefined;
    version = metadata.resourceVersion;
  } while (progress.continueToken !== undefined);
  const { listed } = progress;
  progress.listed = [];
  handler.replace(listed);
  // Watching from "" would begin anywhere and keep silent about what was deleted meanwhile.
  if (!version) {
    throw createError('ECRPS_KUBERNETES_ANSWER_INVALID', `listing ${path}: no resourceVersion`);
  }
  progress.version = version;
}
