import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { EXPIRES_AT_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import type { Test } from 'tap';
import { followSecrets } from './follow-secrets.ts';

/** Every version that the secrets of one name had since the history began. */
export interface SecretHistory {
  /** By namespace: when the tokens of each version expire, in ms since the epoch; the oldest first. */
  readonly expiries: ReadonlyMap<string, readonly number[]>;
  /** How often a list was read, after which a version may be missing: once is right. */
  readonly lists: () => number;
}

/** Records the versions of all secrets of a name from now on until the test is over. */
export function recordSecrets(t: Pick<Test, 'teardown'>, client: KubeClient, name: string): SecretHistory {
  const expiries = new Map<string, number[]>();
  const lists = followSecrets(t, client, name, {
    withData: false,
    onVersion: ({ metadata: { namespace = '', annotations } }) => {
      const versions = expiries.get(namespace) ?? [];
      versions.push(Date.parse(annotations?.[EXPIRES_AT_ANNOTATION] ?? ''));
      expiries.set(namespace, versions);
    },
  });
  return { expiries, lists };
}
