import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { inWorld, type World } from '../cluster/contestants.ts';
import { removeCheckpoint } from '../cluster/bench-cluster.ts';
import { startMovedRenewer } from '../cluster/moved-renewer.ts';
import { createNamespaces } from '../cluster/namespaces.ts';
import { startRenewer, untilWritten } from '../cluster/renewer.ts';
import { alternate } from '../measure/alternate.ts';
import { compare, compareBy } from '../measure/statistics.ts';
import { residentMebibytesOf } from '../measure/process-usage.ts';
import { startNode } from '../processes/node-process.ts';
import type { Bench, Result, Row, Target } from '../row.ts';

/** So that what the work left behind is collected. */
const SETTLE_MS = 5_000;

/** Each has four tokens. */
const DAYS = 10;
const FULL_DAYS = 100;
const NAMESPACES_OF_DAYS = 50;

const ROUNDS_OF_COMPARISON = 3;
const NAMESPACES_OF_COMPARISON = 1_000;

/** Memory of a renewer that leads, as its cluster grows. */
export const memoryRenewer: Row = {
  name: 'memory-renewer',
  work: 'memory of the leading renewer in RAM, without namespaces and after it has filled many',
  limit: 'an empty Node process',
  seconds: 120,
  measure: (bench) => {
    let aheadMs = 0;
    const aws = { now: () => Date.now() + aheadMs };
    return inWorld(
      bench,
      async (world) => {
        const empty = await emptyProcess(bench);
        const renewer = await startRenewer(bench, world.cluster, { group: 'all' });
        const results: Result[] = [];
        const measure = async (what: string, target?: Target): Promise<void> => {
          await systemClock.sleep(SETTLE_MS);
          const sizes = compare([await residentMebibytesOf(renewer.pid)], [empty]);
          results.push({ what, unit: 'MiB', ...sizes, ...(target && { target }) });
        };
        await measure('0 namespaces', atMost(95));
        let total = 0;
        for (const more of bench.isFull ? [200, 1_800, 8_000] : [200, 1_800]) {
          total += more;
          await createNamespaces(world, 'all', more, total - more);
          await untilWritten(renewer, total);
          await measure(`${total.toLocaleString('en')} namespaces`, atMost(120));
        }
        const peak = compare([await residentMebibytesOf(renewer.pid, 'VmHWM')], [empty]);
        results.push({ what: `peak, ${total.toLocaleString('en')} namespaces`, unit: 'MiB', ...peak });
        await renewer.stop();
        return [...results, ...(await measureDays(world, (ms) => void (aheadMs += ms)))];
      },
      aws,
    );
  },
  compare: (after, before) =>
    inWorld(after, async (world) => {
      let run = 0;
      const live = (bench: Bench) => () => measureLife({ ...world, bench }, `run-${run++}`);
      const { ours, base } = await alternate(ROUNDS_OF_COMPARISON, { ours: live(after), base: live(before) }, 0);
      const what = `${NAMESPACES_OF_COMPARISON.toLocaleString('en')} namespaces`;
      return [
        { what: '0 namespaces', unit: 'MiB', ...compareBy(({ idle }) => idle, ours, base) },
        { what, unit: 'MiB', ...compareBy(({ filled }) => filled, ours, base) },
        { what: `peak, ${what}`, unit: 'MiB', ...compareBy(({ peak }) => peak, ours, base) },
      ];
    }),
};

/** A short life, for a comparison, in MiB. */
async function measureLife(world: World, group: string) {
  const renewer = await startRenewer(world.bench, world.cluster, { group });
  await systemClock.sleep(SETTLE_MS);
  const idle = await residentMebibytesOf(renewer.pid);
  await createNamespaces(world, group, NAMESPACES_OF_COMPARISON);
  await untilWritten(renewer, NAMESPACES_OF_COMPARISON);
  await systemClock.sleep(SETTLE_MS);
  const filled = await residentMebibytesOf(renewer.pid);
  const peak = await residentMebibytesOf(renewer.pid, 'VmHWM');
  await renewer.stop();
  return { idle, filled, peak };
}

/** The same work of a tenth of the days and of all of them. */
async function measureDays(world: World, moveAws: (ms: number) => void): Promise<readonly Result[]> {
  const { bench, cluster } = world;
  const days = bench.isFull ? FULL_DAYS : DAYS;
  await createNamespaces(world, 'days', NAMESPACES_OF_DAYS);
  await removeCheckpoint(cluster);
  const renewer = await startMovedRenewer(world, 'days', moveAws);
  const before = cluster.ecr.issuedTokens().length;
  bench.progress(`${days} days of moved clock`);
  await renewer.pass(days / 10);
  const afterTenth = await renewer.memory();
  await renewer.pass(days - days / 10);
  const afterAll = await renewer.memory();
  await renewer.end();
  const tokens = cluster.ecr.issuedTokens().length - before;
  bench.progress(`${tokens} tokens`);
  // A token lives half a day and is renewed at half of its life.
  if (tokens < days * 3) throw new Error(`only ${tokens} tokens were issued in ${days} days`);
  const what = `${days} days of moved clock`;
  const limitName = 'itself after a tenth of them';
  return [
    {
      what: `${what}, after a garbage collection`,
      unit: 'MiB of heap',
      limitName,
      ...compare([afterAll.used], [afterTenth.used]),
      target: { of: 'ratio', is: 'at most', value: 1.1 },
    },
    { what, unit: 'MiB', limitName, ...compare([afterAll.resident], [afterTenth.resident]) },
  ];
}

async function emptyProcess(bench: Bench): Promise<number> {
  const empty = startNode(bench, ['--eval', 'setInterval(() => {}, 2000)']);
  await systemClock.sleep(SETTLE_MS);
  const mebibytes = await residentMebibytesOf(empty.pid);
  await empty.end();
  return mebibytes;
}

function atMost(value: number): Target {
  return { of: 'ours', is: 'at most', value };
}
