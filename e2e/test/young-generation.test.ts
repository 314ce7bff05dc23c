import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { startChart } from './support/chart.ts';
import { startWebhookProcess, type WebhookProcess } from './support/webhook-process.ts';

/**
 * Without the chart's flag the young generation has 16 MiB after as many, and after 150,000 each review costs three
 * times as much CPU, because V8 collects all garbage again and again. `npm run test:attacks` sends 250,000.
 */
const REVIEWS = Number(process.env['REVIEWS'] ?? 2_000);
const CONNECTIONS = 32;

const IDLE_MS = 2_000;

/** Of a core. It looks at its files every two seconds, and answers this test. */
const MOST_IDLE = 0.1;

/** Two halves, and the pages that are kept for the next collection. */
const HALVES = 3;

/** After 400,000 reviews there were 228, and 2,003 without the flag. */
const MOST_COLLECTIONS = 20 + REVIEWS / 1_000;

const review = await readFile(
  fileURLToPath(new URL('../../server/test/fixtures/admission-review.pod.json', import.meta.url)),
);

t.test(
  `after ${REVIEWS} reviews the young generation is as small as the chart says, and little is collected`,
  async (t) => {
    const { render } = await startChart(t);
    const [nodeOptions = '', mebibytes] =
      /--max-old-space-size=128 --max-semi-space-size=(\d+)/.exec(await render()) ?? [];
    const webhook = await startWebhookProcess({ NODE_OPTIONS: nodeOptions });
    t.teardown(() => webhook.close());

    await postReviews(webhook);

    const young = await sampleOf(webhook, 'nodejs_heap_space_size_total_bytes{space="new"}');
    t.ok(young <= HALVES * Number(mebibytes) * 1024 ** 2, `young generation: ${young} bytes`);
    const collections = await sampleOf(webhook, 'nodejs_gc_duration_seconds_count{kind="major"}');
    t.ok(collections < MOST_COLLECTIONS, `${collections} collections of all garbage`);
    const cpuSeconds = await sampleOf(webhook, 'process_cpu_seconds_total');
    await delay(IDLE_MS);
    const idle = (await sampleOf(webhook, 'process_cpu_seconds_total')) - cpuSeconds;
    const share = idle / (IDLE_MS / 1_000);
    t.ok(share < MOST_IDLE, `idle: ${(100 * share).toFixed(1)} % of a core`);
    t.comment(`young generation ${young} bytes, ${(100 * share).toFixed(1)} % while idle`);
  },
);

/** As an API server does, over connections that it keeps. */
async function postReviews(webhook: WebhookProcess): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  let sent = 0;
  const work = async (): Promise<void> => {
    while (sent++ < REVIEWS) await postReview(webhook, agent);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  agent.destroy();
}

async function postReview({ url, caPem, serverName }: WebhookProcess, agent: Agent): Promise<void> {
  const outgoing = request(url, {
    agent,
    method: 'POST',
    ca: caPem,
    servername: serverName,
    headers: { 'content-type': 'application/json', 'content-length': review.length },
  });
  outgoing.end(review);
  const [response] = await once(outgoing, 'response');
  response.resume();
  await once(response, 'end');
}

async function sampleOf(webhook: WebhookProcess, name: string): Promise<number> {
  const line = (await webhook.metrics()).split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.split(' ')[1]);
}
