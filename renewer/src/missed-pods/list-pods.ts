import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { beginList, type ListSettings, nextPage } from '@ecr-pull-secrets/kube/list-page.ts';
import { podsPath } from '@ecr-pull-secrets/kube/object-names.ts';
import { PAGE_ATTEMPTS } from './pacing.ts';
import { POD_FIELDS, podMetadataFields, type Pod } from './pod-fields.ts';

/** Which pods to list. */
export interface PodList<R> {
  /** Of all namespaces if absent. */
  readonly namespace: string | undefined;
  readonly fieldSelector?: string;
  /** The labels that are read, besides those of the injection. */
  readonly labelKeys?: readonly string[];
  /** Returns what is kept of a pod; it must be small. */
  readonly reduce: (pod: Pod) => R | undefined;
  /** Receives what was kept, page by page. */
  readonly handle: (kept: R) => void;
}

/**
 * Lists pods in pages, in memory that depends neither on their number nor on their size. Anyone who creates a pod can
 * give it more values than are read of one (`read-json.ts`); such a pod is left out.
 *
 * @returns how many pods were read
 * @throws as the client, if a page failed several times
 */
export async function listPods<R>(client: KubeClient, list: PodList<R>, signal: AbortSignal): Promise<number> {
  const { namespace, fieldSelector, labelKeys = [], reduce, handle } = list;
  const position = beginList();
  const settings: ListSettings<Pod, R | undefined> = {
    path: podsPath(namespace),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    metadataOnly: false,
    metadataFields: podMetadataFields(labelKeys),
    otherFields: POD_FIELDS,
    leavesOutUnreadable: true,
    reduce,
  };
  let pods = 0;
  do {
    const page = await pageOf(() => nextPage(client, settings, position, signal));
    pods += page.length;
    for (const kept of page) if (kept !== undefined) handle(kept);
  } while (position.continueToken !== undefined);
  return pods;
}

/** Repeats a page that has more values than may be read of one (`read-json.ts`): `nextPage` then requests fewer pods. */
async function pageOf<T>(request: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await request();
    } catch (error) {
      const hasTooManyValues = error instanceof Error && error.cause instanceof RangeError;
      if (!hasTooManyValues || attempt === PAGE_ATTEMPTS) throw error;
    }
  }
}
