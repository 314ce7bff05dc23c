import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { sendReviews } from '../load/load.ts';
import { alternate } from '../measure/alternate.ts';
import { compare, compareBy } from '../measure/statistics.ts';
import { cpuSecondsOf, residentMebibytesOf } from '../measure/process-usage.ts';
import { startNode } from '../processes/node-process.ts';
import { startProduct, type Webhook, type WebhookPlace, webhookPlace } from '../processes/webhooks.ts';
import type { Bench, Result, Row, Target } from '../row.ts';

/** So that what the start left behind is collected, and the files were read again. */
const SETTLE_MS = 5_000;
/** Five looks at the files of the certificate (`serve-webhook.ts`). */
const IDLE_MS = 10_000;
const CONNECTIONS = 20;

/** A life of half a minute: what a start leaves and what a load needs are there after thousands. */
const REVIEWS_OF_COMPARISON = 20_000;
const ROUNDS_OF_COMPARISON = 3;

/** Memory of a webhook in its life: after the start, under load, and after it. */
export const memoryWebhook: Row = {
  name: 'memory-webhook',
  work: 'memory of the webhook in RAM, and its CPU if it is idle',
  limit: 'an empty Node process',
  seconds: 50,
  measure: async (bench) => {
    const reviews = bench.isFull ? 1_000_000 : 100_000;
    const place = await webhookPlace(bench);
    const empty = await emptyProcess(bench);
    const life = await measureLife(bench, place, reviews);

    const count = `${reviews.toLocaleString('en')} reviews`;
    const inMebibytes = (what: string, value: number, target?: Target): Result => ({
      what,
      unit: 'MiB',
      ...compare([value], [empty.mebibytes]),
      ...(target && { target }),
    });
    return [
      inMebibytes('idle after the start', life.idle, { of: 'ours', is: 'at most', value: 65 }),
      inMebibytes('peak under load', life.peak, { of: 'ours', is: 'at most', value: 100 }),
      inMebibytes(`idle after ${count}`, life.afterIdle),
      {
        what: `under load after ${count}`,
        unit: 'MiB',
        limitName: `itself after a tenth of them`,
        ...compare([life.afterAll], [life.afterTenth]),
        // No growth: the garbage of a moment, which the measurement includes, varies by that much.
        target: { of: 'ratio', is: 'at most', value: 1.1 },
      },
      {
        what: 'idle after the load',
        unit: '% of a core',
        ...compare([life.cpuPercent], [empty.cpuPercent]),
        target: { of: 'ours', is: 'at most', value: 0.5 },
      },
    ];
  },
  compare: async (after, before) => {
    const place = await webhookPlace(after);
    const live = (bench: Bench) => () => measureLife(bench, place, REVIEWS_OF_COMPARISON);
    const { ours, base } = await alternate(ROUNDS_OF_COMPARISON, { ours: live(after), base: live(before) }, 0);
    return [
      { what: 'idle after the start', unit: 'MiB', ...compareBy(({ idle }) => idle, ours, base) },
      { what: 'peak under load', unit: 'MiB', ...compareBy(({ peak }) => peak, ours, base) },
      { what: 'idle after the load', unit: 'MiB', ...compareBy(({ afterIdle }) => afterIdle, ours, base) },
      { what: 'idle after the load', unit: '% of a core', ...compareBy(({ cpuPercent }) => cpuPercent, ours, base) },
    ];
  },
};

/** In MiB, and in percent of a core. */
interface Life {
  readonly idle: number;
  readonly peak: number;
  readonly afterTenth: number;
  readonly afterAll: number;
  readonly afterIdle: number;
  readonly cpuPercent: number;
}

async function measureLife(bench: Bench, place: WebhookPlace, reviews: number): Promise<Life> {
  const webhook = await startProduct(bench, place);
  const { pid } = webhook;
  try {
    await systemClock.sleep(SETTLE_MS);
    const idle = await residentMebibytesOf(pid);
    const body = { name: 'small', body: place.review };
    const send = (count: number) => sendAtLeast(bench, webhook, { body, count });
    bench.progress(`${(reviews / 10).toLocaleString('en')} reviews`);
    await send(reviews / 10);
    const afterTenth = await residentMebibytesOf(pid);
    bench.progress(`${reviews.toLocaleString('en')} reviews`);
    await send(reviews);
    const afterAll = await residentMebibytesOf(pid);
    const peak = await residentMebibytesOf(pid, 'VmHWM');
    bench.progress('idle');
    await systemClock.sleep(SETTLE_MS);
    const cpuPercent = await idlePercent(pid);
    return { idle, peak, afterTenth, afterAll, afterIdle: await residentMebibytesOf(pid), cpuPercent };
  } finally {
    await webhook.end();
  }
}

/** Sends reviews for a second at a time until there were enough. */
async function sendAtLeast(
  bench: Bench,
  webhook: Webhook,
  { body, count }: { readonly body: { readonly name: string; readonly body: Buffer }; readonly count: number },
): Promise<void> {
  for (let sent = 0; sent < count; ) {
    const { reviews } = await sendReviews(bench, webhook, { review: body, connections: CONNECTIONS, seconds: 1 });
    sent += reviews;
  }
}

async function emptyProcess(bench: Bench) {
  const empty = startNode(bench, ['--eval', 'setInterval(() => {}, 2000)']);
  await systemClock.sleep(SETTLE_MS);
  const measured = { mebibytes: await residentMebibytesOf(empty.pid), cpuPercent: await idlePercent(empty.pid) };
  await empty.end();
  return measured;
}

async function idlePercent(pid: number): Promise<number> {
  const before = await cpuSecondsOf(pid);
  await systemClock.sleep(IDLE_MS);
  return (((await cpuSecondsOf(pid)) - before) / (IDLE_MS / 1_000)) * 100;
}
