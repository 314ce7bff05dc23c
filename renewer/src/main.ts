import { randomUUID } from 'node:crypto';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { HEALTHY, startOpsServer } from '@ecr-pull-secrets/shared/http/ops-server.ts';
import { readRenewerConfiguration, type RenewerConfiguration } from './config/configuration.ts';
import { createConfiguredKubeClient } from './network/kube-client.ts';
import type { RenewerDependencies } from './dependencies.ts';
import { runLeaderElection, LEASE_REQUEST_TIMEOUT_MS } from '@ecr-pull-secrets/kube/leader-election.ts';
import { createLeaseStore } from '@ecr-pull-secrets/kube/lease.ts';
import { lead } from './leader.ts';
import { createRenewerMetrics } from './metrics.ts';
import { serveInvalidConfiguration } from './config/invalid-configuration.ts';
import { createWebhookTls, type WebhookTls } from './webhook-tls/webhook-tls.ts';
import { runRenewerFactsWriter } from './renewer-facts/renewer-facts-writer.ts';

/**
 * `ecr-pull-secrets renewer`: runs until the signal aborts.
 *
 * @throws ECRPS_CONFIGURATION_INVALID, but not before the signal aborts
 */
export async function runRenewer(environment: Environment, stop: AbortSignal): Promise<void> {
  let configuration: RenewerConfiguration;
  try {
    configuration = readRenewerConfiguration(environment);
  } catch (error) {
    await serveInvalidConfiguration(environment, error, stop);
    throw error;
  }
  await run(configuration, stop);
}

async function run(configuration: RenewerConfiguration, stop: AbortSignal): Promise<void> {
  const registry = createMetricsRegistry();
  const dependencies: RenewerDependencies = {
    client: await createConfiguredKubeClient({ clock: systemClock }, configuration, 'renewer'),
    clock: systemClock,
    random: Math.random,
    logger: createLogger({ ...configuration.log, name: 'renewer' }),
    metrics: createRenewerMetrics(registry),
  };
  const { client, logger, metrics } = dependencies;
  const webhookTls = createWebhookTls(dependencies, configuration);
  const { host, opsPort: port } = configuration;
  const ops = await startOpsServer({ metrics: registry, ready: () => HEALTHY }, { host, port });
  logger.info({ ...configuration.summary }, 'started');
  for (const warning of configuration.registryWarnings) logger.warn(warning);
  metrics.refusedRegistries.set(configuration.refusedRegistries.length);
  await Promise.all([
    webhookTls.serve(stop),
    runRenewerFactsWriter(dependencies, configuration, stop),
    runElection(dependencies, configuration, webhookTls, stop),
  ]);
  await Promise.all([ops.close(), client.close()]);
  logger.info('stopped');
}

async function runElection(
  dependencies: RenewerDependencies,
  configuration: RenewerConfiguration,
  webhookTls: WebhookTls,
  signal: AbortSignal,
): Promise<void> {
  const { client, clock, random, logger } = dependencies;
  const { podNamespace: namespace, serviceName: name, podName } = configuration;
  const requestTimeoutMs = LEASE_REQUEST_TIMEOUT_MS;
  const store = createLeaseStore(client, { namespace, name, requestTimeoutMs });
  // A container that restarts in the same pod is another candidate.
  const identity = `${podName}_${randomUUID()}`;
  await runLeaderElection(
    { store, clock, random, logger },
    {
      identity,
      lead: (leadership) => lead(dependencies, configuration, webhookTls, leadership),
    },
    signal,
  );
}
