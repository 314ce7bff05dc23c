import { readReviews } from '../load/reviews.ts';
import { alternate } from '../measure/alternate.ts';
import { compare } from '../measure/statistics.ts';
import { startNode } from '../processes/node-process.ts';
import { prepareTls, startProduct } from '../processes/webhooks.ts';
import type { Row } from '../row.ts';

const ROUNDS = 11;

/** How soon a new webhook answers. */
export const startWebhook: Row = {
  name: 'start-webhook',
  work: 'from the start of the webhook to its first answer, with the certificate on disk',
  limit: 'an empty Node process, from its start to its end',
  measure: async (bench) => {
    const { small } = await readReviews();
    const place = { tlsDirectory: await prepareTls(bench), review: small.body };
    const { ours, empty } = await alternate(ROUNDS, {
      ours: async () => {
        const { startMs, end } = await startProduct(bench, place);
        await end();
        return startMs;
      },
      empty: async () => {
        const startedMs = performance.now();
        const { ended } = await startNode(bench, ['--eval', '0']);
        await ended;
        return performance.now() - startedMs;
      },
    });
    return [
      { what: 'first answer', unit: 'ms', ...compare(ours, empty), target: { of: 'ours', is: 'at most', value: 300 } },
    ];
  },
};
