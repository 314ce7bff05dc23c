// The work of a leading renewer whose clock is moved: each line of standard input is a number of milliseconds, or
// `memory`, at which it collects its garbage and prints what is left, in MiB. Timeouts of requests are not moved.
import { createInterface } from 'node:readline';
import { createRenewerMetrics } from '@ecr-pull-secrets/renewer/metrics.ts';
import { lead } from '@ecr-pull-secrets/renewer/leader.ts';
import { readRenewerConfiguration } from '@ecr-pull-secrets/renewer/config/configuration.ts';
import { createConfiguredKubeClient } from '@ecr-pull-secrets/renewer/network/kube-client.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { createMovableClock } from '@ecr-pull-secrets/shared/testing/movable-clock.ts';

const clock = createMovableClock(Date.now.bind(Date));
// The AWS SDK reads the time of its signatures from there.
Date.now = () => clock.now();

const configuration = readRenewerConfiguration(process.env);
const nowhere = { write: () => undefined };
const stopping = new AbortController();
const leading = lead(
  {
    client: createConfiguredKubeClient(configuration, 'renewer'),
    clock,
    random: Math.random,
    logger: createLogger({ ...configuration.log, name: 'renewer', destination: nowhere }),
    metrics: createRenewerMetrics(createMetricsRegistry()),
  },
  configuration,
  { serve: async () => undefined, lead: async () => undefined },
  { signal: stopping.signal, isHeld: () => !stopping.signal.aborted },
);

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'memory') process.stdout.write(`${JSON.stringify(usedMebibytes())}\n`);
  else clock.move(Number(line));
}
stopping.abort();
await leading;
process.exit();

function usedMebibytes() {
  if (!globalThis.gc) throw new Error('--expose-gc is missing');
  // What finalizers let go is garbage of the second one.
  for (let time = 0; time < 2; time++) globalThis.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { used: (heapUsed + external) / 1024 ** 2, resident: rss / 1024 ** 2 };
}
