import { setTimeout as delay } from 'node:timers/promises';
import { createKubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { type Exchange, startApiStandIn } from '@ecr-pull-secrets/kube/testing/api-stand-in.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { createFakeClock, type FakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import type { Test } from 'tap';
import type { RenewerDependencies } from '../../src/dependencies.ts';
import { createRenewerMetrics } from '../../src/metrics.ts';

/** How much time passes between two looks at what the connections brought. */
const STEP_MS = 250;

/** A stand-in for the API server, and what a reconciler needs to work with it. */
export interface World {
  readonly dependencies: RenewerDependencies & { readonly clock: FakeClock };
  readonly signal: AbortSignal;
  readonly logged: readonly string[];
  /** Moves the time on, and lets connections do their part in between. */
  pass(ms: number): Promise<void>;
  /** Runs until the test is over. */
  run(work: () => Promise<void>): void;
}

/** Starts a world whose API server answers each request by a function. */
export async function startWorld(t: Test, answer: (exchange: Exchange) => unknown): Promise<World> {
  const api = await startApiStandIn();
  const clock = createFakeClock();
  const stop = new AbortController();
  const logged: string[] = [];
  const client = createKubeClient({
    credentials: async () => ({ server: api.address, authorization: undefined, tls: {} }),
    userAgent: 'test',
  });
  void (async () => {
    while (!stop.signal.aborted) {
      const exchange = await api.next().catch(() => undefined);
      if (exchange) void answer(exchange);
    }
  })();
  const destination = { write: (line: string) => void logged.push(line) };
  const dependencies = {
    client,
    clock,
    random: () => 1,
    logger: createLogger({ level: 'info', format: 'json', name: 'test', destination }),
    metrics: createRenewerMetrics(createMetricsRegistry()),
  };
  const running: Promise<void>[] = [];
  t.teardown(async () => {
    stop.abort();
    await Promise.all(running);
    await client.close();
    await api.close();
  });
  return {
    dependencies,
    signal: stop.signal,
    logged,
    pass: async (ms) => {
      for (let passed = 0; passed < ms; passed += STEP_MS) {
        await clock.advance(Math.min(STEP_MS, ms - passed));
        await delay(2);
      }
    },
    run: (work) => void running.push(work()),
  };
}
