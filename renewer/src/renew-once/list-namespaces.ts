import { type KubeClient, METADATA_LIST_ONLY } from '../kube/client.ts';
import type { ObjectList, ObjectMeta, PartialObject } from '../kube/objects.ts';
import type { Retries } from './retries.ts';

/** What client-go's pager asks for. */
const PAGE_SIZE = 500;

/**
 * The metadata of all namespaces, page by page.
 *
 * @throws ECRPS_KUBERNETES_REQUEST_FAILED, ECRPS_KUBERNETES_UNREACHABLE
 */
export async function listNamespaces(
  client: KubeClient,
  retries: Retries,
): Promise<readonly ObjectMeta[]> {
  const found: ObjectMeta[] = [];
  let continueToken: string | undefined;
  do {
    const { items, metadata } = await retries(() =>
      client.request<ObjectList<PartialObject>>({
        method: 'GET',
        path: '/api/v1/namespaces',
        query: { limit: PAGE_SIZE, continue: continueToken },
        accept: METADATA_LIST_ONLY,
      }),
    );
    found.push(...(items ?? []).map((item) => item.metadata));
    continueToken = metadata.continue || undefined;
  } while (continueToken !== undefined);
  return found;
}
