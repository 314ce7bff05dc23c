import type { LoadResult } from '../load/load.ts';
import { measureCases } from '../load/review-cases.ts';
import { readReviews } from '../load/reviews.ts';
import { alternate } from '../measure/alternate.ts';
import { compareBy } from '../measure/statistics.ts';
import { startBare, startGo, startProduct, webhookPlace } from '../processes/webhooks.ts';
import type { Result, Row } from '../row.ts';

/** An odd number, so that the median is one of the runs. */
const ROUNDS = 5;
/** The ratios of its runs differ by a twentieth. */
const ROUNDS_OF_HUGE = 3;

const THROUGHPUT = 'reviews per CPU-second';

const PARSE = 'a bare `node:https` server with `JSON.parse`';
const GO = 'a webhook in Go that decodes the pod into structs';
const SELECT = 'a bare `node:https` server that selects the same fields';

/** How many reviews the webhook answers for a second of CPU, and how fast. */
export const admission: Row = {
  name: 'admission',
  work: 'reviews over HTTPS, on connections that are kept',
  limit: PARSE,
  seconds: 160,
  measure: async (bench) => {
    const reviews = await readReviews();
    const place = await webhookPlace(bench);
    const webhooks = {
      ours: await startProduct(bench, place),
      parse: await startBare(bench, place, 'parse'),
      select: await startBare(bench, place, 'select'),
      go: await startGo(bench, place),
    };
    return measureCases(bench, Object.values(webhooks), reviews, async ({ what, review, send }) => {
      const { ours, parse, select, go } = webhooks;
      if (review !== reviews.small) {
        const rounds = review === reviews.huge ? ROUNDS_OF_HUGE : ROUNDS;
        return resultsOf(what, await alternate(rounds, { ours: send(ours), parse: send(parse), select: send(select) }));
      }
      const contestants = { ours: send(ours), parse: send(parse), select: send(select), go: send(go) };
      const measured = await alternate(ROUNDS, contestants);
      return [
        ...resultsOf(what, measured),
        {
          what,
          unit: THROUGHPUT,
          limitName: GO,
          ...compareBy(perCpuSecond, measured.ours, measured.go),
          target: { of: 'ratio', is: 'at least', value: 3 },
        },
      ];
    });
  },
  compare: async (after, before) => {
    const reviews = await readReviews();
    const place = await webhookPlace(after);
    const webhooks = [await startProduct(after, place), await startProduct(before, place)] as const;
    return measureCases(after, webhooks, reviews, async ({ what, send }) => {
      const { ours, base } = await alternate(ROUNDS, { ours: send(webhooks[0]), base: send(webhooks[1]) });
      return [{ what, unit: THROUGHPUT, ...compareBy(perCpuSecond, ours, base) }, ...latencyResults(what, ours, base)];
    });
  },
};

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
