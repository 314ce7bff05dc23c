import {
  bestConcurrency,
  type CountedWritten,
  inWorld,
  type World,
  writeByGo,
  writeByRenewer,
  namespaceCount,
} from '../cluster/contestants.ts';
import { applyRequestLike, createNamespaces } from '../cluster/namespaces.ts';
import { comparedWrites, ROUNDS_OF_COMPARISON, writeResults } from '../cluster/write-results.ts';
import { alternate } from '../measure/alternate.ts';
import type { Row } from '../row.ts';

/** Secrets of all namespaces at once, as after an installation. */
export const fill: Row = {
  name: 'fill',
  work: 'the first secrets of labelled namespaces',
  limit: 'the same server-side applies by a small client in Go, at its best concurrency',
  seconds: 65,
  measure: (bench) =>
    inWorld(bench, async (world) => {
      const count = namespaceCount(bench);
      const tenth = await fillByRenewer(world, 'tenth', count / 10);
      const requests = [await applyRequestLike(world.cluster, 'tenth-0', { creates: true })];
      const prepare = async (group: string, size: number) => ({
        names: await createNamespaces(world, group, size),
        requests,
      });
      const concurrency = await bestConcurrency(world, (attempt) => prepare(attempt, count / 4));
      let run = 0;
      const { ours, go } = await alternate(bench.isFull ? 1 : 3, {
        ours: () => fillByRenewer(world, `ours-${run++}`, count),
        go: async () => writeByGo(world, { ...(await prepare(`go-${run++}`, count)), concurrency }),
      });
      return writeResults(count, { ours, go, tenth });
    }),
  compare: (after, before) =>
    inWorld(after, async (world) => {
      const count = namespaceCount(after);
      let run = 0;
      const { ours, base } = await alternate(ROUNDS_OF_COMPARISON, {
        ours: () => fillByRenewer(world, `run-${run++}`, count),
        base: () => fillByRenewer({ ...world, bench: before }, `run-${run++}`, count),
      });
      return comparedWrites(count, ours, base);
    }),
};

async function fillByRenewer(world: World, group: string, count: number): Promise<CountedWritten> {
  await createNamespaces(world, group, count);
  return writeByRenewer(world, count, { group });
}
