import { alternate } from '../measure/alternate.ts';
import { compareBy } from '../measure/statistics.ts';
import { startNode } from '../processes/node-process.ts';
import { startProduct, type WebhookPlace, webhookPlace } from '../processes/webhooks.ts';
import type { Bench, Result, Row } from '../row.ts';

const ROUNDS = 11;

/** How soon a new webhook answers. */
export const startWebhook: Row = {
  name: 'start-webhook',
  work: 'from the start of the webhook to its first answer, with the certificate on disk',
  limit: 'an empty Node process, from its start to its end',
  seconds: 10,
  measure: async (bench) => {
    const place = await webhookPlace(bench);
    const { ours, empty } = await alternate(ROUNDS, {
      ours: () => firstAnswer(bench, place),
      empty: () => emptyProcess(bench),
    });
    const [time, ...others] = resultsOf(ours, empty);
    return [{ ...time, target: { of: 'ours', is: 'at most', value: 300 } }, ...others];
  },
  compare: async (after, before) => {
    const place = await webhookPlace(after);
    const { ours, base } = await alternate(ROUNDS, {
      ours: () => firstAnswer(after, place),
      base: () => firstAnswer(before, place),
    });
    return resultsOf(ours, base);
  },
};

interface Start {
  readonly ms: number;
  readonly cpuMs: number;
}

async function firstAnswer(bench: Bench, place: WebhookPlace): Promise<Start> {
  const { startMs: ms, startCpuMs: cpuMs, end } = await startProduct(bench, place);
  await end();
  return { ms, cpuMs };
}

/** What Node takes to do nothing. */
export async function emptyProcess(bench: Bench): Promise<Start> {
  const startedMs = performance.now();
  const { ended, output } = startNode(bench, ['--print', 'JSON.stringify(process.cpuUsage())']);
  await ended;
  const ms = performance.now() - startedMs;
  const { user, system }: NodeJS.CpuUsage = JSON.parse(await output());
  return { ms, cpuMs: (user + system) / 1000 };
}

function resultsOf(ours: readonly Start[], limit: readonly Start[]): [Result, Result] {
  const what = 'first answer';
  return [
    { what, unit: 'ms', ...compareBy(({ ms }) => ms, ours, limit) },
    // It depends less on other work of the machine.
    { what, unit: 'ms of CPU', ...compareBy(({ cpuMs }) => cpuMs, ours, limit) },
  ];
}
