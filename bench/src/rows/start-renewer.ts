import { removeCheckpoint } from '../cluster/bench-cluster.ts';
import { inWorld, type World } from '../cluster/contestants.ts';
import { createNamespaces } from '../cluster/namespaces.ts';
import { startRenewer, untilWritten } from '../cluster/renewer.ts';
import { alternate } from '../measure/alternate.ts';
import { compare } from '../measure/statistics.ts';
import type { Row } from '../row.ts';
import { emptyProcess } from './start-webhook.ts';

const ROUNDS = 7;

/** How soon a new renewer writes. */
export const startRenewerRow: Row = {
  name: 'start-renewer',
  work: 'from the start of the renewer to its first secret, with a free lease and without a token',
  limit: 'an empty Node process, from its start to its end',
  seconds: 15,
  measure: (bench) =>
    inWorld(bench, async (world) => {
      let run = 0;
      const { ours, empty } = await alternate(ROUNDS, {
        ours: () => firstSecretMs(world, `run-${run++}`),
        empty: () => emptyProcess(bench),
      });
      return [
        {
          what: 'first secret',
          unit: 'ms',
          ...compare(
            ours,
            empty.map(({ ms }) => ms),
          ),
          target: { of: 'ours', is: 'at most', value: 1_000 },
        },
      ];
    }),
  compare: (after, before) =>
    inWorld(after, async (world) => {
      let run = 0;
      const { ours, base } = await alternate(ROUNDS, {
        ours: () => firstSecretMs(world, `run-${run++}`),
        base: () => firstSecretMs({ ...world, bench: before }, `run-${run++}`),
      });
      return [{ what: 'first secret', unit: 'ms', ...compare(ours, base) }];
    }),
};

async function firstSecretMs(world: World, group: string): Promise<number> {
  const { bench, cluster } = world;
  await createNamespaces(world, group, 1);
  const startedAtMs = Date.now();
  const renewer = await startRenewer(bench, cluster, { group });
  const { firstAtMs } = await untilWritten(renewer, 1);
  await renewer.stop();
  // The next one needs a token of AWS too.
  await removeCheckpoint(cluster);
  return firstAtMs - startedAtMs;
}
