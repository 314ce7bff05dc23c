import { readRenewerConfiguration } from '@ecr-pull-secrets/renewer/config/configuration.ts';
import { runFenceMonitor } from '@ecr-pull-secrets/renewer/fence/fence-monitor.ts';
import { missedPodsSchema } from '@ecr-pull-secrets/renewer/missed-pods/settings.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { NO_DEPLOYMENT_EVENTS } from '@ecr-pull-secrets/renewer/deployment-events/deployment-events.ts';
import { createRenewerMetrics } from '@ecr-pull-secrets/renewer/metrics.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';

/** What a leader found out about the fence: its first line in the log, and the metric right after. */
export interface Finding {
  readonly said: string;
  readonly metrics: string;
}

const WITH_EVICTIONS = missedPodsSchema.parse({ evict: true });

/**
 * The leader's own proof with an identity on the real API server, in a time in which no wait takes any: between its
 * attempts a leader waits for 35 seconds before it says that a fence is missing.
 */
export async function findFence(client: KubeClient): Promise<Finding> {
  const registry = createMetricsRegistry();
  const finding = Promise.withResolvers<string>();
  const stop = new AbortController();
  const logger = createLogger({
    level: 'info',
    format: 'json',
    name: 'test',
    destination: {
      write: (line) => {
        finding.resolve(line);
        stop.abort();
      },
    },
  });
  const clock = { now: () => Date.now(), sleep: () => Promise.resolve() };
  const metrics = createRenewerMetrics(registry);
  await runFenceMonitor(
    { client, clock, random: Math.random, logger, metrics, events: NO_DEPLOYMENT_EVENTS },
    { ...readRenewerConfiguration({ POD_NAME: 'x', POD_NAMESPACE: PRODUCT_NAME }), missedPods: WITH_EVICTIONS },
    stop.signal,
  );
  return { said: await finding.promise, metrics: await registry.metrics() };
}
