import { type LoadResult, type LoadSettings, sendReviews } from '../load/load.ts';
import { readReviews } from '../load/reviews.ts';
import { alternate } from '../measure/alternate.ts';
import { compare } from '../measure/statistics.ts';
import { prepareTls, startBare, startProduct, type Webhook } from '../processes/webhooks.ts';
import type { Bench, Result, Row } from '../row.ts';

/** An odd number, so that the median is one of the runs. */
const ROUNDS = 5;
const SECONDS = 1;

/** A review of 3 MiB takes tens of milliseconds, and the first one of each connection is the slowest. */
const SECONDS_OF_HUGE = 2;

/** V8 compiles for the first 10,000 reviews. */
const WARM_UP_SECONDS = 4;

const CONNECTIONS = [1, 20];

/** The webhook accepts 32 MiB of bodies at once (`body-limit.ts`), so it rejects some of 20 that have 3 MiB each. */
const CONNECTIONS_OF_HUGE = [1, 4];

const PARSE = 'a bare `node:https` server with `JSON.parse`';
const SELECT = 'a bare `node:https` server that selects the same fields';

/** How many reviews the webhook answers for a second of CPU, and how fast. */
export const admission: Row = {
  name: 'admission',
  work: 'reviews over HTTPS, on connections that are kept',
  limit: PARSE,
  measure: async (bench) => {
    const reviews = await readReviews();
    const place = { tlsDirectory: await prepareTls(bench), review: reviews.small.body };
    const webhooks = {
      ours: await startProduct(bench, place),
      parse: await startBare(bench, place, 'parse'),
      select: await startBare(bench, place, 'select'),
    };
    try {
      bench.progress('warming up');
      const warmUp = { review: reviews.small, connections: 20, seconds: WARM_UP_SECONDS };
      for (const webhook of Object.values(webhooks)) await sendReviews(bench, webhook, warmUp);
      const results: Result[] = [];
      for (const settings of casesOf(reviews)) results.push(...(await measureCase(bench, webhooks, settings)));
      return results;
    } finally {
      await Promise.all(Object.values(webhooks).map((webhook) => webhook.end()));
    }
  },
};

function casesOf({ small, large, huge }: Awaited<ReturnType<typeof readReviews>>): readonly LoadSettings[] {
  return [
    ...[small, large].flatMap((review) =>
      CONNECTIONS.map((connections) => ({ review, connections, seconds: SECONDS })),
    ),
    ...CONNECTIONS_OF_HUGE.map((connections) => ({ review: huge, connections, seconds: SECONDS_OF_HUGE })),
  ];
}

async function measureCase(
  bench: Bench,
  webhooks: Readonly<Record<'ours' | 'parse' | 'select', Webhook>>,
  settings: LoadSettings,
): Promise<readonly Result[]> {
  const { review, connections } = settings;
  const what = `${review.name}, ${connections} connection${connections === 1 ? '' : 's'}`;
  bench.progress(what);
  const send = (webhook: Webhook) => () => sendReviews(bench, webhook, settings);
  const { ours, parse, select } = await alternate(ROUNDS, {
    ours: send(webhooks.ours),
    parse: send(webhooks.parse),
    select: send(webhooks.select),
  });
  const unit = 'reviews per CPU-second';
  return [
    {
      what,
      unit,
      ...compare(ours.map(perCpuSecond), parse.map(perCpuSecond)),
      target: { of: 'ratio', is: 'at least', value: 0.8 },
    },
    {
      what,
      unit,
      limitName: SELECT,
      ...compare(ours.map(perCpuSecond), select.map(perCpuSecond)),
      target: { of: 'ratio', is: 'at least', value: 0.9 },
    },
    {
      what,
      unit: 'ms, p50',
      ...compare(
        ours.map(({ p50Ms }) => p50Ms),
        parse.map(({ p50Ms }) => p50Ms),
      ),
      target: { of: 'ratio', is: 'at most', value: 1.15 },
    },
    {
      what,
      unit: 'ms, p99',
      ...compare(
        ours.map(({ p99Ms }) => p99Ms),
        parse.map(({ p99Ms }) => p99Ms),
      ),
    },
  ];
}

function perCpuSecond({ reviews, cpuSeconds }: LoadResult): number {
  return reviews / cpuSeconds;
}
