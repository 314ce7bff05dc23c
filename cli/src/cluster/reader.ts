import { type KubeClient, METADATA_ONLY } from '@ecr-pull-secrets/kube/client.ts';
import { type ListSettings, pagesOf } from '@ecr-pull-secrets/kube/list-page.ts';
import type { ObjectList, PartialObjectMetadata } from '@ecr-pull-secrets/kube/objects.ts';
import { type Read, read } from './read.ts';

type Query = Readonly<Record<string, string | number>>;

/** Reads of a cluster. What cannot be read is part of the result. Each rejects if there is no connection. */
export type Reader = ReturnType<typeof createReader>;

export function createReader(client: KubeClient, signal?: AbortSignal) {
  const get = <T>(rights: string, path: string, accept?: string): Promise<Read<T>> =>
    read(rights, () => client.request({ method: 'GET', path, accept, signal }));
  return {
    get,
    /** No data of a Secret reaches this process. */
    getMetadata: (rights: string, path: string): Promise<Read<PartialObjectMetadata>> =>
      get(rights, path, METADATA_ONLY),
    list: <T>(rights: string, path: string, query: Query = {}): Promise<Read<readonly T[]>> =>
      read(rights, async () => {
        const { items } = await client.request<ObjectList<T>>({ method: 'GET', path, query, signal });
        return items ?? [];
      }),
    /** The metadata of all objects of a list, page by page; of each only what `reduce` returns stays in memory. */
    listMetadata: <R>(
      rights: string,
      settings: Omit<ListSettings<PartialObjectMetadata, R>, 'metadataOnly'>,
    ): Promise<Read<readonly R[]>> =>
      read(rights, async () => {
        const kept: R[] = [];
        for await (const page of pagesOf(client, { ...settings, metadataOnly: true }, signal)) kept.push(...page);
        return kept;
      }),
  };
}
