import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { removeCheckpoint } from '../cluster/bench-cluster.ts';
import { inWorld, type World, writeByRenewer } from '../cluster/contestants.ts';
import { type FailingProxy, startFailingProxy } from '../cluster/failing-proxy.ts';
import { followingSecrets } from '../cluster/follow-secrets.ts';
import { createNamespaces } from '../cluster/namespaces.ts';
import { startRenewer } from '../cluster/renewer.ts';
import { stopLeaders } from '../cluster/stop-leaders.ts';
import { createTokenHistory, type TokenHistory } from '../cluster/token-history.ts';
import { compare } from '../measure/statistics.ts';
import type { Result, Row } from '../row.ts';

/** With `--full` too: 10,000 do not fit between two tokens at the pace of the chart. */
const COUNT = 2_000;

/** How long the API server fails. */
const SECONDS = 180;
const FULL_SECONDS = 600;

/** A token is renewed at half of its life, so the tokens change while the API server fails. */
const TOKEN_LIFETIME_MS = 180_000;

/** Much longer than a rotation at the pace of the chart, which takes 40 s. */
const WITHIN_MS = 300_000;
const POLL_MS = 100;

/** An API server that fails, and a leader that stops. */
export const chaos: Row = {
  name: 'chaos',
  work: 'newer tokens in the secrets of labelled namespaces, while the API server fails and the leader is stopped',
  limit: 'the same without failures',
  seconds: 255,
  measure: (bench) =>
    inWorld(
      bench,
      async (world) => {
        const history = createTokenHistory(() => world.cluster.ecr.issuedTokens());
        const proxy = await startFailingProxy(world.cluster);
        try {
          return await followingSecrets(world.cluster, history, () => measureChaos(world, proxy, history));
        } finally {
          await proxy.close();
        }
      },
      { tokenLifetimeMs: TOKEN_LIFETIME_MS },
    ),
};

async function measureChaos(world: World, proxy: FailingProxy, history: TokenHistory): Promise<readonly Result[]> {
  const { bench, cluster } = world;
  const seconds = bench.isFull ? FULL_SECONDS : SECONDS;
  const issued = (): number => cluster.ecr.issuedTokens().length;
  await createNamespaces(world, 'all', COUNT);
  await writeByRenewer(world, COUNT, { group: 'all' });

  await removeCheckpoint(cluster);
  const before = issued();
  const settings = { group: 'all', serverUrl: proxy.url };
  const renewers = [await startRenewer(bench, cluster, settings), await startRenewer(bench, cluster, settings)];
  bench.progress('a rotation without failures');
  await secondsUntil(() => issued() > before);
  const calmSeconds = await secondsUntil(() => history.issuedAfter(before) === COUNT);
  const calm = { older: history.older(), lost: history.lost() };

  bench.progress(`failures for ${seconds} s`);
  const [tokensBefore, versionsBefore] = [issued(), history.versions()];
  const end = proxy.fail();
  const stops = await stopLeaders(world, renewers, performance.now() + seconds * 1000);
  const { answers, failed, cutWatches } = end();
  const [tokens, versions] = [issued() - tokensBefore, history.versions() - versionsBefore];
  bench.progress(
    `${tokens} tokens, ${versions} writes, ${stops} leaders stopped, ${failed} of ${answers} answers failed, ${cutWatches} watches cut`,
  );
  if ([tokens, versions, stops, failed, cutWatches].includes(0)) throw new Error('there was too little to fail');
  const newest = issued() - 1;
  const recoverySeconds = await secondsUntil(() => history.issuedAfter(newest) === COUNT);
  for (const renewer of renewers) await renewer.stop();

  const what = `${COUNT.toLocaleString('en')} namespaces, ${seconds} s, leader stopped ${stops} times`;
  return [
    { what, unit: 'older tokens written', ...compare([history.older() - calm.older], [calm.older]), target: atMost(0) },
    { what, unit: 'secrets lost', ...compare([history.lost() - calm.lost], [calm.lost]), target: atMost(0) },
    {
      what,
      unit: 's until all secrets have the newest token',
      limitName: 'a rotation without failures',
      ...compare([recoverySeconds], [calmSeconds]),
      target: atMost(60),
    },
  ];
}

async function secondsUntil(isReached: () => boolean): Promise<number> {
  const startedMs = performance.now();
  while (!isReached()) {
    if (performance.now() - startedMs > WITHIN_MS)
      throw new Error(`not all secrets have the newest token after ${WITHIN_MS} ms`);
    await systemClock.sleep(POLL_MS);
  }
  return (performance.now() - startedMs) / 1000;
}

function atMost(value: number) {
  return { of: 'ours', is: 'at most', value } as const;
}
