import type { Lease } from '@ecr-pull-secrets/kube/lease.ts';
import { leasePath } from '@ecr-pull-secrets/kube/object-names.ts';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import { EXPIRES_AT_ANNOTATION, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { removeCheckpoint } from '../cluster/bench-cluster.ts';
import { inWorld, namespaceCount, type World, writeByRenewer } from '../cluster/contestants.ts';
import { type FailingProxy, startFailingProxy } from '../cluster/failing-proxy.ts';
import { followingSecrets } from '../cluster/follow-secrets.ts';
import { createNamespaces } from '../cluster/namespaces.ts';
import { type Renewer, startRenewer } from '../cluster/renewer.ts';
import { compare } from '../measure/statistics.ts';
import type { Result, Row } from '../row.ts';

/** A token is renewed at half of its life, so the tokens change while the API server fails. */
const TOKEN_LIFETIME_MS = 240_000;

/** Another renewer may take the lease after 15 s. */
const STOPPED_MS = 20_000;
const BETWEEN_STOPS_MS = 30_000;

/** Longer than a rotation of 10,000 namespaces at the pace of the chart. */
const WITHIN_MS = 300_000;
const POLL_MS = 250;

/** An API server that fails, and a leader that stops. */
export const chaos: Row = {
  name: 'chaos',
  work: 'newer tokens in the secrets of labelled namespaces, while the API server fails and the leader is stopped',
  limit: 'the same without failures',
  measure: (bench) =>
    inWorld(
      bench,
      async (world) => {
        const secrets = createTokenHistory();
        const proxy = await startFailingProxy(world.cluster);
        try {
          return await followingSecrets(world.cluster, secrets, () => measureChaos(world, proxy, secrets));
        } finally {
          await proxy.close();
        }
      },
      { tokenLifetimeMs: TOKEN_LIFETIME_MS },
    ),
};

async function measureChaos(world: World, proxy: FailingProxy, secrets: TokenHistory): Promise<readonly Result[]> {
  const { bench, cluster } = world;
  const count = namespaceCount(bench);
  const seconds = bench.isFull ? 600 : 180;
  await createNamespaces(world, 'all', count);
  await writeByRenewer(world, count, { group: 'all' });
  await removeCheckpoint(cluster);
  const before = cluster.ecr.issuedTokens().length;
  const settings = { group: 'all', serverUrl: proxy.url };
  const renewers = [await startRenewer(bench, cluster, settings), await startRenewer(bench, cluster, settings)];
  const allCurrent = (): boolean => {
    const tokens = cluster.ecr.issuedTokens();
    return tokens.length > before && secrets.current(tokens.at(-1)?.expiresAtMs ?? 0) === count;
  };
  bench.progress('a rotation without failures');
  const calmSeconds = await secondsUntil(allCurrent);
  bench.progress(`failures for ${seconds} s`);
  const end = proxy.fail();
  await stopLeaders(world, renewers, performance.now() + seconds * 1000);
  end();
  bench.progress('recovery');
  const recoverySeconds = await secondsUntil(allCurrent);
  for (const renewer of renewers) await renewer.stop();

  const what = `${count.toLocaleString('en')} namespaces, ${seconds} s`;
  return [
    { what, unit: 'older tokens written', ...compare([secrets.older()], [0]), target: atMost(0) },
    { what, unit: 'secrets lost', ...compare([secrets.lost()], [0]), target: atMost(0) },
    {
      what,
      unit: 's until all tokens are the newest',
      limitName: 'a rotation without failures',
      ...compare([recoverySeconds], [calmSeconds]),
      target: atMost(60),
    },
  ];
}

/** Stops the leader past its lease again and again, and continues it. */
async function stopLeaders({ cluster }: World, renewers: readonly Renewer[], untilMs: number): Promise<void> {
  while (performance.now() + BETWEEN_STOPS_MS + STOPPED_MS < untilMs) {
    await systemClock.sleep(BETWEEN_STOPS_MS);
    const lease = leasePath(PRODUCT_NAME, PRODUCT_NAME);
    const { spec } = await cluster.client.request<Lease>({ method: 'GET', path: lease });
    const leader = renewers.find(({ name }) => spec?.holderIdentity?.startsWith(name));
    if (!leader) continue;
    process.kill(leader.pid, 'SIGSTOP');
    await systemClock.sleep(STOPPED_MS);
    process.kill(leader.pid, 'SIGCONT');
  }
  await systemClock.sleep(untilMs - performance.now());
}

async function secondsUntil(isReached: () => boolean): Promise<number> {
  const startedMs = performance.now();
  while (!isReached()) {
    if (performance.now() - startedMs > WITHIN_MS)
      throw new Error(`not all tokens are the newest after ${WITHIN_MS} ms`);
    await systemClock.sleep(POLL_MS);
  }
  return (performance.now() - startedMs) / 1000;
}

type TokenHistory = ReturnType<typeof createTokenHistory>;

/** What became of the secrets, by when their tokens expire. */
function createTokenHistory() {
  const expiries = new Map<string, number>();
  let older = 0;
  let lost = 0;
  return {
    onVersion: ({ namespace = '', annotations }: ObjectMeta): void => {
      const expiresAtMs = Date.parse(annotations?.[EXPIRES_AT_ANNOTATION] ?? '');
      // A secret without the time counts as older: then its token is unknown.
      if (!(expiresAtMs >= (expiries.get(namespace) ?? 0))) older++;
      expiries.set(namespace, expiresAtMs);
    },
    onRemove: (): void => void lost++,
    older: () => older,
    lost: () => lost,
    /** How many have a token of that time, which AWS gives in seconds. */
    current: (expiresAtMs: number) => [...expiries.values()].filter((each) => each >= expiresAtMs - 1_000).length,
  };
}

function atMost(value: number) {
  return { of: 'ours', is: 'at most', value } as const;
}
