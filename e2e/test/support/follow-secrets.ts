import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { nameSelector, secretsPath } from '@ecr-pull-secrets/kube/object-names.ts';
import { runReflector } from '@ecr-pull-secrets/kube/reflector.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Test } from 'tap';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';

export interface SecretHandler {
  /** Whether the data is read too, not only the metadata. */
  readonly withData: boolean;
  /** A version that appeared. */
  readonly onVersion: (secret: Secret) => void;
  readonly onRemove?: (secret: Secret) => void;
}

/**
 * Follows the secrets of one name in all namespaces until the test is over.
 *
 * @returns how often a list was read, after which a version may be missing: once is right
 */
export function followSecrets(
  t: Pick<Test, 'teardown'>,
  client: KubeClient,
  name: string,
  { withData, onVersion, onRemove = () => undefined }: SecretHandler,
): () => number {
  const stop = new AbortController();
  let lists = 0;
  const following = runReflector<Secret, Secret>(
    {
      client,
      clock: systemClock,
      random: Math.random,
      logger: createLogger({ level: 'silent', format: 'text', name: 'secrets' }),
    },
    {
      path: secretsPath(),
      fieldSelector: nameSelector(name),
      metadataOnly: !withData,
      reduce: (object) => object,
      handler: {
        replace: (present) => {
          lists += 1;
          present.forEach(onVersion);
        },
        upsert: onVersion,
        remove: onRemove,
      },
    },
    stop.signal,
  );
  t.teardown(async () => {
    stop.abort();
    await following;
  });
  return () => lists;
}
