import { removeCheckpoint } from '../cluster/bench-cluster.ts';
import {
  bestConcurrency,
  type CountedWritten,
  inWorld,
  namespaceCount,
  type World,
  writeByGo,
  writeByRenewer,
} from '../cluster/contestants.ts';
import { applyRequestLike, createNamespaces } from '../cluster/namespaces.ts';
import { comparedWrites, ROUNDS_OF_COMPARISON, writeResults } from '../cluster/write-results.ts';
import { alternate } from '../measure/alternate.ts';
import type { Row } from '../row.ts';

/** The most that the chart accepts: the pace, which spares etcd, is not what is measured. */
const UNPACED = 10_000;

/** Newer tokens for all namespaces. */
export const rotation: Row = {
  name: 'rotation',
  work: 'newer tokens in the secrets of labelled namespaces, without the pace that the chart sets',
  limit: 'the same server-side applies by a small client in Go, at its best concurrency',
  seconds: 80,
  measure: (bench) =>
    inWorld(bench, async (world) => {
      const count = namespaceCount(bench);
      const { cluster } = world;
      const rotate = (group: string, size: number) => rotateBy(world, group, size);
      await createNamespaces(world, 'tenth', count / 10);
      const names = await createNamespaces(world, 'all', count);
      await writeByRenewer(world, count / 10, { group: 'tenth' });
      await writeByRenewer(world, count, { group: 'all' });
      const tenth = await rotate('tenth', count / 10);
      const prepare = async (serial: string) => ({
        names,
        requests: [await applyRequestLike(cluster, 'all-0', { creates: false, serial })],
      });
      const concurrency = await bestConcurrency(world, prepare);
      let run = 0;
      const { ours, go } = await alternate(bench.isFull ? 1 : 3, {
        ours: () => rotate('all', count),
        go: async () => writeByGo(world, { ...(await prepare(`run-${run++}`)), concurrency }),
      });
      return writeResults(count, { ours, go, tenth });
    }),
  compare: (after, before) =>
    inWorld(after, async (world) => {
      const count = namespaceCount(after);
      await createNamespaces(world, 'all', count);
      await writeByRenewer(world, count, { group: 'all' });
      const { ours, base } = await alternate(ROUNDS_OF_COMPARISON, {
        ours: () => rotateBy(world, 'all', count),
        base: () => rotateBy({ ...world, bench: before }, 'all', count),
      });
      return comparedWrites(count, ours, base);
    }),
};

/** Without its checkpoint a leader gets new tokens at once. */
async function rotateBy(world: World, group: string, size: number): Promise<CountedWritten> {
  await removeCheckpoint(world.cluster);
  return writeByRenewer(world, size, { group, routineWritesPerSecond: UNPACED });
}
