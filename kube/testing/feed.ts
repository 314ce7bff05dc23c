import type { ObjectMeta, PartialObjectMetadata } from '../src/objects.ts';
import type { Exchange } from './api-stand-in.ts';
import { list } from './follower.ts';

/** Of the lists; what happens later has higher ones. */
export const LIST_VERSION = 100;

/** A collection as it was at first, and what happened since. */
export function createFeed(objects: readonly PartialObjectMetadata[]) {
  const events: { readonly type: string; readonly object: PartialObjectMetadata }[] = [];
  let watcher: Exchange | undefined;
  return {
    list: (exchange: Exchange) => exchange.json(list(String(LIST_VERSION), ...objects)),
    watch: (exchange: Exchange) => {
      watcher = exchange;
      const from = Number(exchange.url.searchParams.get('resourceVersion'));
      exchange.event('BOOKMARK', { metadata: { resourceVersion: String(from) } });
      for (const { type, object } of events) {
        if (Number(object.metadata.resourceVersion) > from) exchange.event(type, object);
      }
    },
    send: (type: string, object: PartialObjectMetadata) => {
      events.push({ type, object });
      watcher?.event(type, object);
    },
  };
}

/** A secret as it is after our apply. */
export function written(options: {
  readonly namespace: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly version: number;
}): ObjectMeta {
  const { namespace, annotations, version } = options;
  const owned = Object.fromEntries(Object.keys(annotations).map((key) => [`f:${key}`, {}]));
  return {
    name: 'ecr-pull-secret',
    namespace,
    uid: `uid-secret-${namespace}`,
    resourceVersion: String(version),
    annotations,
    managedFields: [
      {
        manager: 'ecr-pull-secrets',
        operation: 'Apply',
        fieldsV1: {
          'f:data': { 'f:.dockerconfigjson': {} },
          'f:metadata': { 'f:annotations': owned },
        },
      },
    ],
  };
}
