// Reviews without a network: the bytes of a body in, the bytes of the answer out, and JSON.parse of the same body beside
// it. Prints the CPU time of each batch, and of the slowest of single reviews, in microseconds.
import { readFileSync } from 'node:fs';
import { createPodDecider } from '@ecr-pull-secrets/server/admission/pod-decision.ts';
import { readReviewFields } from '@ecr-pull-secrets/server/admission/review-fields.ts';
import { createReviewHandler } from '@ecr-pull-secrets/server/admission/review-handler.ts';
import { createWebhookMetrics } from '@ecr-pull-secrets/server/metrics.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { quantileOf } from '../measure/statistics.ts';

const [, , rounds, batchMs, file = ''] = process.argv;
const body = readFileSync(file);

const decide = createPodDecider(
  { facts: { current: () => undefined } },
  { pullSecretName: 'ecr-pull-secret', registryHosts: [], injectAll: false },
);
const metrics = createWebhookMetrics(createMetricsRegistry());
const logger = createLogger({ level: 'info', format: 'json', name: 'bench' });
const handleReview = createReviewHandler({ decide, metrics, logger });

const WORK = {
  review: () => Buffer.from(JSON.stringify(handleReview(readReviewFields(body)))),
  parse: () => JSON.parse(body.toString('utf8')),
};

/** Calls a function for a time; the CPU time of one call on average, and the p99 of their durations. */
function measure(work: () => unknown): { readonly us: number; readonly p99Us: number } {
  const durations: number[] = [];
  const before = process.cpuUsage();
  const endMs = performance.now() + Number(batchMs);
  for (let nowMs = performance.now(); nowMs < endMs; ) {
    work();
    const thenMs = performance.now();
    durations.push((thenMs - nowMs) * 1000);
    nowMs = thenMs;
  }
  const { user, system } = process.cpuUsage(before);
  return { us: (user + system) / durations.length, p99Us: quantileOf(durations, 0.99) };
}

// The first batches compile the code.
for (const work of [...Object.values(WORK), ...Object.values(WORK)]) measure(work);
for (let round = 0; round < Number(rounds); round++) {
  const [first, second] = round % 2 === 0 ? (['review', 'parse'] as const) : (['parse', 'review'] as const);
  const measured = { [first]: measure(WORK[first]), [second]: measure(WORK[second]) };
  process.stdout.write(`${JSON.stringify(measured)}\n`);
}
