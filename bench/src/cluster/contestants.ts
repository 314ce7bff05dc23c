import type { EcrStandInOptions } from '@ecr-pull-secrets/testbed/ecr-stand-in/server.ts';
import type { Bench } from '../row.ts';
import { type BenchCluster, inCluster } from './bench-cluster.ts';
import { buildGoClient, type GoClient, type GoRequest } from './go-client.ts';
import { type RenewerSettings, startRenewer, untilWritten } from './renewer.ts';
import { secretRequests } from './secret-requests.ts';

/** A cluster, and the two that write secrets into it. */
export interface World {
  readonly bench: Bench;
  readonly cluster: BenchCluster;
  readonly send: GoClient;
}

/** How the secrets of some namespaces were written. */
export interface Written {
  readonly perSecond: number;
  /** CPU time of the client. */
  readonly cpuMsEach: number;
}

/** The same, with what the API server counted. */
export interface CountedWritten extends Written {
  readonly appliesEach: number;
  readonly readsEach: number;
}

/** How many namespaces most rows have. */
export function namespaceCount({ isFull }: Bench): number {
  return isFull ? 10_000 : 2_000;
}

/** Runs work in a new cluster with the client of the limit. */
export function inWorld<T>(bench: Bench, work: (world: World) => Promise<T>, aws: EcrStandInOptions = {}): Promise<T> {
  const withClient = async (cluster: BenchCluster) =>
    work({ bench, cluster, send: await buildGoClient(bench, cluster) });
  return inCluster(bench, withClient, aws);
}

/** Starts a renewer, waits until it has written the secrets of its targets, and ends it. */
export async function writeByRenewer(
  { bench, cluster }: World,
  count: number,
  settings: RenewerSettings,
): Promise<CountedWritten> {
  bench.progress(`the renewer writes ${count.toLocaleString('en')} secrets`);
  const before = await secretRequests(cluster.client);
  const renewer = await startRenewer(bench, cluster, settings);
  const writes = await untilWritten(renewer, count);
  await renewer.stop();
  const after = await secretRequests(cluster.client);
  return {
    ...writes,
    appliesEach: (after.applies - before.applies) / count,
    readsEach: (after.reads - before.reads) / count,
  };
}

/** What the client of the limit does. */
export interface GoWork {
  readonly names: readonly string[];
  readonly requests: readonly GoRequest[];
  readonly concurrency: number;
  /** That of the renewer by default. */
  readonly token?: string;
  /** A proxy in front of the API server. */
  readonly server?: string;
}

/** The same by the client of the limit. */
export async function writeByGo({ bench, cluster, send }: World, work: GoWork): Promise<Written> {
  const count = work.names.length;
  bench.progress(`the client in Go writes ${count.toLocaleString('en')}, ${work.concurrency} at once`);
  const { seconds, cpuSeconds } = await send({ token: cluster.token, ...work });
  return { perSecond: count / seconds, cpuMsEach: (cpuSeconds / count) * 1000 };
}

/** How many requests of the client of the limit are in flight, of which the best counts. */
const CONCURRENCIES = [5, 10, 20, 40];

/**
 * The concurrency at which the client of the limit is fastest.
 *
 * @param prepare - makes the work of one try
 */
export async function bestConcurrency(
  world: World,
  prepare: (attempt: string) => Promise<Omit<GoWork, 'concurrency'>>,
): Promise<number> {
  let best = { concurrency: 1, perSecond: 0 };
  for (const concurrency of CONCURRENCIES) {
    const { perSecond } = await writeByGo(world, { ...(await prepare(`try-${concurrency}`)), concurrency });
    world.bench.progress(`${Math.round(perSecond)} a second`);
    if (perSecond > best.perSecond) best = { concurrency, perSecond };
  }
  return best.concurrency;
}
