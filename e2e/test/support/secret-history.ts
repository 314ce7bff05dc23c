import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { nameSelector, secretsPath } from '@ecr-pull-secrets/kube/object-names.ts';
import { runReflector } from '@ecr-pull-secrets/kube/reflector.ts';
import type { PartialObjectMetadata } from '@ecr-pull-secrets/kube/objects.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { EXPIRES_AT_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import type { Test } from 'tap';

/** Every version that the secrets of one name had since the history began. */
export interface SecretHistory {
  /** By namespace: when the tokens of each version die, in ms since the epoch; the oldest first. */
  readonly expiries: ReadonlyMap<string, readonly number[]>;
  /** How often the history began anew, and may have missed a version: once is right. */
  readonly beginnings: () => number;
}

/** Follows all secrets of a name from now on until the test is over. */
export function followSecrets(t: Pick<Test, 'teardown'>, client: KubeClient, name: string): SecretHistory {
  const closing = new AbortController();
  t.teardown(() => closing.abort());
  const expiries = new Map<string, number[]>();
  let beginnings = 0;

  function note({ metadata }: PartialObjectMetadata): void {
    const { namespace = '', annotations } = metadata;
    const versions = expiries.get(namespace) ?? [];
    versions.push(Date.parse(annotations?.[EXPIRES_AT_ANNOTATION] ?? ''));
    expiries.set(namespace, versions);
  }

  const logger = createLogger({ level: 'silent', format: 'text', name: 'history' });
  void runReflector<PartialObjectMetadata, PartialObjectMetadata>(
    { client, clock: systemClock, random: Math.random, logger },
    {
      path: secretsPath(),
      fieldSelector: nameSelector(name),
      metadataOnly: true,
      reduce: (object) => object,
      handler: {
        replace: (present) => {
          beginnings += 1;
          present.forEach(note);
        },
        upsert: note,
        remove: () => undefined,
      },
    },
    closing.signal,
  );
  return { expiries, beginnings: () => beginnings };
}
