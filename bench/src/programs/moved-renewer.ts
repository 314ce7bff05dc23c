// The work of a leading renewer whose clock is moved: each line of standard input is a number of milliseconds, or
// `memory`, and each is answered by a line: when the work that became due is mostly done, or what is left in MiB after
// the garbage was collected.
import { subscribe } from 'node:diagnostics_channel';
import { createInterface } from 'node:readline';
import { createRenewerMetrics } from '@ecr-pull-secrets/renewer/metrics.ts';
import { lead } from '@ecr-pull-secrets/renewer/leader.ts';
import { readRenewerConfiguration } from '@ecr-pull-secrets/renewer/config/configuration.ts';
import { createConfiguredKubeClient } from '@ecr-pull-secrets/renewer/network/kube-client.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createMovableClock } from '@ecr-pull-secrets/shared/testing/movable-clock.ts';

const clock = createMovableClock(Date.now.bind(Date));
// The AWS SDK reads the time of its signatures from there.
Date.now = () => clock.now();

/** Enough for a call to begin, and for some writes. */
const PAUSE_MS = 3;

// The AWS SDK sends requests by node:http, and the client of the API server does not.
const calls = { ofAws: 0 };
subscribe('http.client.request.start', () => void calls.ofAws++);
for (const end of ['http.client.response.finish', 'http.client.request.error'])
  subscribe(end, () => void calls.ofAws--);

const configuration = readRenewerConfiguration(process.env);
const nowhere = { write: () => undefined };
const stopping = new AbortController();
const leading = lead(
  {
    client: await createConfiguredKubeClient({ clock }, configuration, 'renewer'),
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
  if (line === 'memory') {
    process.stdout.write(`${JSON.stringify(usedMebibytes())}\n`);
  } else {
    await pass(Number(line));
    process.stdout.write('{}\n');
  }
}
stopping.abort();
await leading;
process.exit();

/** A call to AWS has a deadline by the moved clock, so it ends before the next step. */
async function pass(ms: number): Promise<void> {
  clock.move(ms);
  do await systemClock.sleep(PAUSE_MS);
  while (calls.ofAws > 0);
}

function usedMebibytes() {
  if (!globalThis.gc) throw new Error('--expose-gc is missing');
  // What finalizers let go is garbage of the second one.
  for (let time = 0; time < 2; time++) globalThis.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { used: (heapUsed + external) / 1024 ** 2, resident: rss / 1024 ** 2 };
}
