import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { sendReviews } from '../load/load.ts';
import { readReviews } from '../load/reviews.ts';
import { compare } from '../measure/statistics.ts';
import { cpuSecondsOf, residentMebibytesOf } from '../measure/process-usage.ts';
import { startNode } from '../processes/node-process.ts';
import { prepareTls, startProduct, type Webhook, type WebhookPlace } from '../processes/webhooks.ts';
import type { Bench, Result, Row, Target } from '../row.ts';

/** So that what the start left behind is collected, and the files were read again. */
const SETTLE_MS = 5_000;
const IDLE_MS = 20_000;
const CONNECTIONS = 20;

/** Memory of a webhook in its life: after the start, under load, and after it. */
export const memoryWebhook: Row = {
  name: 'memory-webhook',
  work: 'memory of the webhook in RAM, and its CPU if it is idle',
  limit: 'an empty Node process',
  measure: async (bench) => {
    const reviews = bench.isFull ? 1_000_000 : 100_000;
    const { small } = await readReviews();
    const place = { tlsDirectory: await prepareTls(bench), review: small.body };
    const empty = await emptyProcess(bench);
    const webhook = await startProduct(bench, place);
    try {
      return await measureLife(bench, { webhook, place, reviews, empty });
    } finally {
      await webhook.end();
    }
  },
};

interface Life {
  readonly webhook: Webhook;
  readonly place: WebhookPlace;
  readonly reviews: number;
  readonly empty: { readonly mebibytes: number; readonly cpuPercent: number };
}

async function measureLife(bench: Bench, { webhook, place, reviews, empty }: Life): Promise<readonly Result[]> {
  const { pid } = webhook;
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
  const afterIdle = await residentMebibytesOf(pid);

  const inMebibytes = (what: string, value: number, target?: Target): Result => ({
    what,
    unit: 'MiB',
    ...compare([value], [empty.mebibytes]),
    ...(target && { target }),
  });
  return [
    inMebibytes('idle after the start', idle, { of: 'ours', is: 'at most', value: 65 }),
    inMebibytes('peak under load', peak, { of: 'ours', is: 'at most', value: 100 }),
    inMebibytes(`idle after ${reviews.toLocaleString('en')} reviews`, afterIdle),
    {
      what: `under load after ${reviews.toLocaleString('en')} reviews`,
      unit: 'MiB',
      limitName: `itself after a tenth of them`,
      ...compare([afterAll], [afterTenth]),
      // No growth: the garbage of a moment, which the measurement includes, varies by that much.
      target: { of: 'ratio', is: 'at most', value: 1.1 },
    },
    {
      what: 'idle after the load',
      unit: '% of a core',
      ...compare([cpuPercent], [empty.cpuPercent]),
      target: { of: 'ours', is: 'at most', value: 0.5 },
    },
  ];
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

async function emptyProcess(bench: Bench): Promise<Life['empty']> {
  const empty = await startNode(bench, ['--eval', 'setInterval(() => {}, 2000)']);
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
