import { type LoadResult, type LoadSettings, sendReviews } from '../load/load.ts';
import { readReviews } from '../load/reviews.ts';
import { alternate } from '../measure/alternate.ts';
import { compareBy } from '../measure/statistics.ts';
import { startBare, startProduct, type Webhook, webhookPlace } from '../processes/webhooks.ts';
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

const THROUGHPUT = 'reviews per CPU-second';

const PARSE = 'a bare `node:https` server with `JSON.parse`';
const SELECT = 'a bare `node:https` server that selects the same fields';

/** How many reviews the webhook answers for a second of CPU, and how fast. */
export const admission: Row = {
  name: 'admission',
  work: 'reviews over HTTPS, on connections that are kept',
  limit: PARSE,
  measure: async (bench) => {
    const reviews = await readReviews();
    const place = await webhookPlace(bench);
    const webhooks = {
      ours: await startProduct(bench, place),
      parse: await startBare(bench, place, 'parse'),
      select: await startBare(bench, place, 'select'),
    };
    return measureCases(bench, Object.values(webhooks), reviews, async (what, send) => {
      const { ours, parse, select } = webhooks;
      return resultsOf(what, await alternate(ROUNDS, { ours: send(ours), parse: send(parse), select: send(select) }));
    });
  },
  compare: async (after, before) => {
    const reviews = await readReviews();
    const place = await webhookPlace(after);
    const webhooks = [await startProduct(after, place), await startProduct(before, place)] as const;
    return measureCases(after, webhooks, reviews, async (what, send) => {
      const { ours, base } = await alternate(ROUNDS, { ours: send(webhooks[0]), base: send(webhooks[1]) });
      return [{ what, unit: THROUGHPUT, ...compareBy(perCpuSecond, ours, base) }, ...latencyResults(what, ours, base)];
    });
  },
};

type Send = (webhook: Webhook) => () => Promise<LoadResult>;

/** Measures each case, after a warm-up, and ends the webhooks. */
async function measureCases(
  bench: Bench,
  webhooks: readonly Webhook[],
  reviews: Reviews,
  measureCase: (what: string, send: Send) => Promise<readonly Result[]>,
): Promise<readonly Result[]> {
  try {
    bench.progress('warming up');
    const warmUp = { review: reviews.small, connections: 20, seconds: WARM_UP_SECONDS };
    for (const webhook of webhooks) await sendReviews(bench, webhook, warmUp);
    const results: Result[] = [];
    for (const settings of casesOf(reviews)) {
      const { review, connections } = settings;
      const what = `${review.name}, ${connections} connection${connections === 1 ? '' : 's'}`;
      bench.progress(what);
      results.push(...(await measureCase(what, (webhook) => () => sendReviews(bench, webhook, settings))));
    }
    return results;
  } finally {
    await Promise.all(webhooks.map((webhook) => webhook.end()));
  }
}

type Reviews = Awaited<ReturnType<typeof readReviews>>;

function casesOf({ small, large, huge }: Reviews): readonly LoadSettings[] {
  return [
    ...[small, large].flatMap((review) =>
      CONNECTIONS.map((connections) => ({ review, connections, seconds: SECONDS })),
    ),
    ...CONNECTIONS_OF_HUGE.map((connections) => ({ review: huge, connections, seconds: SECONDS_OF_HUGE })),
  ];
}

type Measured = Readonly<Record<'ours' | 'parse' | 'select', readonly LoadResult[]>>;

function resultsOf(what: string, { ours, parse, select }: Measured): readonly Result[] {
  const [p50, p99] = latencyResults(what, ours, parse);
  return [
    {
      what,
      unit: THROUGHPUT,
      ...compareBy(perCpuSecond, ours, parse),
      target: { of: 'ratio', is: 'at least', value: 0.8 },
    },
    {
      what,
      unit: THROUGHPUT,
      limitName: SELECT,
      ...compareBy(perCpuSecond, ours, select),
      target: { of: 'ratio', is: 'at least', value: 0.9 },
    },
    { ...p50, target: { of: 'ratio', is: 'at most', value: 1.15 } },
    p99,
  ];
}

function latencyResults(what: string, ours: readonly LoadResult[], limit: readonly LoadResult[]): [Result, Result] {
  return [
    { what, unit: 'ms, p50', ...compareBy(({ p50Ms }) => p50Ms, ours, limit) },
    { what, unit: 'ms, p99', ...compareBy(({ p99Ms }) => p99Ms, ours, limit) },
  ];
}

function perCpuSecond({ reviews, cpuSeconds }: LoadResult): number {
  return reviews / cpuSeconds;
}
