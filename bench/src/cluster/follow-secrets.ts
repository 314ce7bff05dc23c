import { nameSelector, secretsPath } from '@ecr-pull-secrets/kube/object-names.ts';
import type { PartialObjectMetadata } from '@ecr-pull-secrets/kube/objects.ts';
import { runReflector } from '@ecr-pull-secrets/kube/reflector.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { DEFAULT_PULL_SECRET_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import type { BenchCluster } from './bench-cluster.ts';

/** A secret; it has data only if the handler reads it. */
type FollowedSecret = PartialObjectMetadata & Partial<Pick<Secret, 'data'>>;

/** What follows the secrets. */
export interface SecretHandler {
  /** A version that any client can read now. */
  readonly onVersion: (secret: FollowedSecret) => void;
  readonly onRemove?: () => void;
  /** More work for the API server and this process; by default only the metadata is read. */
  readonly readsData?: boolean;
}

/**
 * Follows the pull secrets of all namespaces while work is done.
 *
 * @throws if versions may have been missed
 */
export async function followingSecrets<T>(
  { client }: BenchCluster,
  { onVersion, onRemove = () => undefined, readsData = false }: SecretHandler,
  work: () => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  let lists = 0;
  const logger = createLogger({ level: 'silent', format: 'text', name: 'secrets' });
  const following = runReflector<FollowedSecret, FollowedSecret>(
    { client, clock: systemClock, random: Math.random, logger },
    {
      path: secretsPath(),
      fieldSelector: nameSelector(DEFAULT_PULL_SECRET_NAME),
      metadataOnly: !readsData,
      reduce: (object) => object,
      handler: {
        replace: (present) => {
          lists++;
          for (const secret of present) onVersion(secret);
        },
        upsert: onVersion,
        remove: onRemove,
      },
    },
    stop.signal,
  );
  try {
    const result = await work();
    if (lists !== 1) throw new Error(`the secrets were listed ${lists} times, so versions may have been missed`);
    return result;
  } finally {
    stop.abort();
    await following;
  }
}
