import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { type ListSettings, pagesOf } from '@ecr-pull-secrets/kube/list-page.ts';
import { podsPath } from '@ecr-pull-secrets/kube/object-names.ts';
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
 * @throws as the client
 */
export async function listPods<R>(client: KubeClient, list: PodList<R>, signal: AbortSignal): Promise<number> {
  const { namespace, fieldSelector, labelKeys = [], reduce, handle } = list;
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
  for await (const page of pagesOf(client, settings, signal)) {
    pods += page.length;
    for (const kept of page) if (kept !== undefined) handle(kept);
  }
  return pods;
}
