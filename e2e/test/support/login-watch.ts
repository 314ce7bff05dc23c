import { setTimeout as delay } from 'node:timers/promises';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import type { Test } from 'tap';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import type { Playground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { followSecrets } from './follow-secrets.ts';
import { pullSecretsOf } from './pull-secret.ts';

/** Whether the secrets of one name log in, each version when it appears and all of them every second. */
export interface LoginWatch {
  /** How many versions each namespace's secret had. */
  readonly versions: ReadonlyMap<string, number>;
  /** Each time when a namespace had no secret that logs in, in words. */
  readonly gaps: readonly string[];
  /** How often a list was read, after which a version may be missing: once is right. */
  readonly lists: () => number;
  /** How often all of them logged in one after another. */
  readonly rounds: () => number;
}

const ROUND_MS = 1_000;

/** Watches from now on until the test is over. */
export function watchLogins(
  t: Pick<Test, 'teardown'>,
  playground: Pick<Playground, 'api' | 'client' | 'ecr'>,
  name: string,
): LoginWatch {
  const { loginWith } = pullSecretsOf(playground);
  const closing = new AbortController();
  const latest = new Map<string, Secret>();
  const versions = new Map<string, number>();
  const gaps: string[] = [];
  let rounds = 0;

  async function check(namespace: string, secret: Secret): Promise<void> {
    const status = await loginWith(secret).catch(describeError);
    if (status === 200 || closing.signal.aborted) return;
    gaps.push(`${namespace}, version ${secret.metadata.resourceVersion}: ${status}`);
  }

  function note(secret: Secret): void {
    const { namespace = '' } = secret.metadata;
    latest.set(namespace, secret);
    versions.set(namespace, (versions.get(namespace) ?? 0) + 1);
    void check(namespace, secret);
  }

  async function goRound(): Promise<void> {
    while (!closing.signal.aborted) {
      await Promise.all([...latest].map(([namespace, secret]) => check(namespace, secret)));
      if (latest.size > 0) rounds += 1;
      await delay(ROUND_MS);
    }
  }

  const lists = followSecrets(t, playground.client, name, {
    withData: true,
    onVersion: note,
    onRemove: ({ metadata }) => void gaps.push(`${metadata.namespace}: removed`),
  });
  const going = goRound();
  t.teardown(async () => {
    closing.abort();
    await going;
  });
  return { versions, gaps, lists, rounds: () => rounds };
}
