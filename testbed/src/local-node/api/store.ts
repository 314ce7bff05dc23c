import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { runReflector } from '@ecr-pull-secrets/kube/reflector.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import type { NamespacedMeta } from './objects.ts';

/** What is needed to follow a collection. */
export interface StoreContext {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface StoreOptions<T> {
  /** Path of the collection. */
  readonly path: string;
  readonly fieldSelector?: string;
  /** Called for each object that is new or changed, or with `undefined` for one that is gone. */
  readonly onChange: (key: string, object: T | undefined) => void;
  readonly signal: AbortSignal;
}

/** A collection as the API server has it, a moment ago. */
export interface Store<T> {
  /** Resolves once the collection has been read, or is no longer followed. */
  readonly synced: Promise<void>;
  get(key: string): T | undefined;
  values(): Iterable<T>;
}

interface Stored {
  readonly metadata: NamespacedMeta;
}

/** `namespace/name`. */
function keyOf({ metadata }: Stored): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** Follows a collection until the signal aborts. */
export function followCollection<T extends Stored>(
  { client, clock, logger }: StoreContext,
  { path, fieldSelector, onChange, signal }: StoreOptions<T>,
): Store<T> {
  const objects = new Map<string, T>();
  const { promise: synced, resolve: markSynced } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => markSynced(), { once: true });

  function upsert(object: T): void {
    const key = keyOf(object);
    const known = objects.get(key)?.metadata;
    objects.set(key, object);
    if (known?.resourceVersion !== object.metadata.resourceVersion) onChange(key, object);
  }

  function remove(key: string): void {
    if (objects.delete(key)) onChange(key, undefined);
  }

  void runReflector<T, T>(
    { client, clock, random: Math.random, logger },
    {
      path,
      ...(fieldSelector && { fieldSelector }),
      metadataOnly: false,
      reduce: (object) => object,
      handler: {
        replace: (present) => {
          const keys = new Set(present.map(keyOf));
          for (const key of objects.keys()) if (!keys.has(key)) remove(key);
          for (const object of present) upsert(object);
          markSynced();
        },
        upsert,
        remove: (object) => remove(keyOf(object)),
      },
    },
    signal,
  );
  return { synced, get: (key) => objects.get(key), values: () => objects.values() };
}
