import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { beginList, nextPage } from '@ecr-pull-secrets/kube/list-page.ts';
import { NAMESPACES_PATH } from '@ecr-pull-secrets/kube/object-names.ts';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import type { Retries } from './retries.ts';
import type { NamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';

/** The fields of a namespace that the run uses. */
type ListedNamespace = Pick<ObjectMeta, 'name' | 'deletionTimestamp'>;

export const NO_SUCH_NAMESPACE = 'there is no such namespace';
export const NAMESPACE_IS_TERMINATING = 'the namespace is being deleted';

/** A namespace that the run is about. */
export interface Target {
  readonly namespace: string;
  /** Why no secret can be written there, if the list of namespaces shows it. */
  readonly obstacle?: string;
}

export interface TargetRule {
  /** `TARGET_NAMESPACE` */
  readonly target: NamespacePattern;
  /** `EXCLUDE_NAMESPACE`, which wins. */
  readonly exclude: NamespacePattern;
}

const WILDCARD = /[*?]/;

/**
 * The namespaces in the order in which they are written: names as configured, then the matches of wildcards in
 * alphabetical order; each once. Namespaces are listed only if there are wildcards, so that a Role in each
 * namespace is enough for a list of names (nabsul/k8s-ecr-login-renew #13, #54).
 */
export async function findTargets(
  { target, exclude }: TargetRule,
  list: () => Promise<readonly ListedNamespace[]>,
): Promise<readonly Target[]> {
  const names = target.entries.filter((entry) => !WILDCARD.test(entry));
  const wanted = names.filter((name) => !exclude.matches(name));
  if (names.length === target.entries.length) {
    return [...new Set(wanted)].map((namespace) => ({ namespace }));
  }
  const existing = new Map((await list()).map((metadata) => [metadata.name, metadata]));
  const matching = [...existing.keys()].filter((name) => target.matches(name) && !exclude.matches(name)).toSorted();
  return [...new Set([...wanted, ...matching])].map((name) => toTarget(name, existing.get(name)));
}

function toTarget(namespace: string, metadata: ListedNamespace | undefined): Target {
  if (!metadata) return { namespace, obstacle: NO_SUCH_NAMESPACE };
  if (metadata.deletionTimestamp) return { namespace, obstacle: NAMESPACE_IS_TERMINATING };
  return { namespace };
}

/**
 * Lists all namespaces, page by page, and returns only the fields that are used.
 *
 * @throws ECRPS_KUBERNETES_REQUEST_FAILED, ECRPS_KUBERNETES_UNREACHABLE
 */
export async function listNamespaces(client: KubeClient, retries: Retries): Promise<readonly ListedNamespace[]> {
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
