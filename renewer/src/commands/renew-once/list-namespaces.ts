import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { beginList, nextPage } from '@ecr-pull-secrets/kube/list-page.ts';
import { NAMESPACES_PATH } from '@ecr-pull-secrets/kube/object-names.ts';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import type { Retries } from './retries.ts';

/** The fields of a namespace that the run uses. */
export type ListedNamespace = Pick<ObjectMeta, 'name' | 'deletionTimestamp'>;

/**
 * Lists all namespaces, page by page, and returns only the fields that are used.
 *
 * @throws ECRPS_KUBERNETES_REQUEST_FAILED, ECRPS_KUBERNETES_UNREACHABLE
 */
export async function listNamespaces(
  client: KubeClient,
  retries: Retries,
): Promise<readonly ListedNamespace[]> {
  const found: ListedNamespace[] = [];
  const position = beginList();
  const settings = {
    path: NAMESPACES_PATH,
    metadataOnly: true,
    metadataFields: {},
    reduce,
  } as const;
  do {
    found.push(...(await retries(() => nextPage(client, settings, position))));
  } while (position.continueToken !== undefined);
  return found;
}

function reduce({ metadata }: { readonly metadata: ObjectMeta }): ListedNamespace {
  const { name, deletionTimestamp } = metadata;
  return deletionTimestamp === undefined ? { name } : { name, deletionTimestamp };
}
