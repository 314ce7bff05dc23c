import type { Webhook } from '../processes/webhooks.ts';
import type { Bench, Result } from '../row.ts';
import { type LoadResult, type LoadSettings, sendReviews } from './load.ts';
import type { Review, Reviews } from './reviews.ts';

const SECONDS = 1;

/** A review of 3 MiB takes tens of milliseconds, and the first one of each connection is the slowest. */
const SECONDS_OF_HUGE = 2;

/** V8 compiles for the first 10,000 reviews. */
const WARM_UP_SECONDS = 4;

const CONNECTIONS = [1, 20];

/** The webhook accepts 32 MiB of bodies at once (`body-limit.ts`), so it rejects some of 20 that have 3 MiB each. */
const CONNECTIONS_OF_HUGE = [1, 4];

/** Reviews of one size over some connections. */
interface Case {
  readonly what: string;
  readonly review: Review;
  readonly send: (webhook: Webhook) => () => Promise<LoadResult>;
}

/** Measures each case, after a warm-up, and ends the webhooks. */
export async function measureCases(
  bench: Bench,
  webhooks: readonly Webhook[],
  reviews: Reviews,
  measureCase: (one: Case) => Promise<readonly Result[]>,
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
      const send = (webhook: Webhook) => () => sendReviews(bench, webhook, settings);
      results.push(...(await measureCase({ what, review, send })));
    }
    return results;
  } finally {
    await Promise.all(webhooks.map((webhook) => webhook.end()));
  }
}

function casesOf({ small, large, huge }: Reviews): readonly LoadSettings[] {
  return [
    ...[small, large].flatMap((review) =>
      CONNECTIONS.map((connections) => ({ review, connections, seconds: SECONDS })),
    ),
    ...CONNECTIONS_OF_HUGE.map((connections) => ({ review: huge, connections, seconds: SECONDS_OF_HUGE })),
  ];
}
