import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { inWorld } from '../cluster/contestants.ts';
import { createNamespaces } from '../cluster/namespaces.ts';
import { startRenewer, untilWritten } from '../cluster/renewer.ts';
import { compare } from '../measure/statistics.ts';
import { residentMebibytesOf } from '../measure/process-usage.ts';
import { startNode } from '../processes/node-process.ts';
import type { Bench, Result, Row, Target } from '../row.ts';

/** So that what the work left behind is collected. */
const SETTLE_MS = 5_000;

/** Memory of a renewer that leads, as its cluster grows. */
export const memoryRenewer: Row = {
  name: 'memory-renewer',
  work: 'memory of the leading renewer in RAM, without namespaces and after it has filled many',
  limit: 'an empty Node process',
  measure: (bench) =>
    inWorld(bench, async (world) => {
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
      for (const more of bench.isFull ? [2_000, 8_000] : [2_000]) {
        total += more;
        await createNamespaces(world, 'all', more, total - more);
        await untilWritten(renewer, total);
        await measure(`${total.toLocaleString('en')} namespaces`, atMost(120));
      }
      const peak = compare([await residentMebibytesOf(renewer.pid, 'VmHWM')], [empty]);
      results.push({ what: `peak, ${total.toLocaleString('en')} namespaces`, unit: 'MiB', ...peak });
      await renewer.stop();
      return results;
    }),
};

async function emptyProcess(bench: Bench): Promise<number> {
  const empty = await startNode(bench, ['--eval', 'setInterval(() => {}, 2000)']);
  await systemClock.sleep(SETTLE_MS);
  const mebibytes = await residentMebibytesOf(empty.pid);
  await empty.end();
  return mebibytes;
}

function atMost(value: number): Target {
  return { of: 'ours', is: 'at most', value };
}
