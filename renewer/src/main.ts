import { randomUUID } from 'node:crypto';
import { systemClock } from '@ecr-pull-secrets/shared/clock.ts';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { HEALTHY, startOpsServer } from '@ecr-pull-secrets/shared/ops-server.ts';
import { readRenewerConfiguration, type RenewerConfiguration } from './configuration.ts';
import { connect } from './connect.ts';
import type { RenewerContext } from './context.ts';
import { runLeaderElection, LEASE_REQUEST_TIMEOUT_MS } from './kube/leader-election.ts';
import { createLeaseStore } from './kube/lease.ts';
import { listWatch } from './kube/list-watch.ts';
import { lead } from './lead.ts';
import { createRenewerMetrics } from './metrics.ts';
import { createObserved } from './observed.ts';
import type { AuthoritySecret, KnownSecret } from './webhook-certificate/authority-secret.ts';
import { waitUnconfigured } from './unconfigured.ts';
import { authorityHandler } from './webhook-certificate/follow-authority.ts';
import { keepServingCertificate } from './webhook-certificate/keep-serving-certificate.ts';

/**
 * `ecr-pull-secrets renewer`: runs until the signal aborts.
 *
 * @throws ECRPS_CONFIGURATION_INVALID, but not before it is told to stop
 */
export async function runRenewer(environment: Environment, stop: AbortSignal): Promise<void> {
  let configuration: RenewerConfiguration;
  try {
    configuration = readRenewerConfiguration(environment);
  } catch (error) {
    await waitUnconfigured(environment, error, stop);
    throw error;
  }
  await run(configuration, stop);
}

async function run(configuration: RenewerConfiguration, stop: AbortSignal): Promise<void> {
  const logger = createLogger({ ...configuration.log, name: 'renewer' });
  const registry = createMetricsRegistry();
  const context: RenewerContext = {
    configuration,
    client: connect(configuration, 'renewer'),
    authority: createObserved<KnownSecret>({ kind: 'unknown' }),
    clock: systemClock,
    random: Math.random,
    logger,
    metrics: createRenewerMetrics(registry),
  };
  const { host, opsPort: port } = configuration;
  const ops = await startOpsServer({ host, port, metrics: registry, ready: () => HEALTHY });
  logger.info({ ...configuration.summary }, 'started');
  await Promise.all([serveCertificates(context, stop), takePartInElection(context, stop)]);
  await Promise.all([ops.close(), context.client.close()]);
  logger.info('stopped');
}

/** Every replica's part. */
async function serveCertificates(context: RenewerContext, signal: AbortSignal): Promise<void> {
  const { configuration, authority } = context;
  const { podNamespace: namespace, serviceName, tlsDir: directory } = configuration;
  await Promise.all([
    listWatch<AuthoritySecret>({
      ...context,
      path: `/api/v1/namespaces/${namespace}/secrets`,
      fieldSelector: `metadata.name=${serviceName}-ca`,
      metadataOnly: false,
      handler: authorityHandler(authority),
      signal,
    }),
    keepServingCertificate({
      ...context,
      state: authority,
      serviceName,
      namespace,
      directory,
      facts: configuration.facts,
      signal,
    }),
  ]);
}

async function takePartInElection(context: RenewerContext, signal: AbortSignal): Promise<void> {
  const { configuration, client } = context;
  const { podNamespace: namespace, serviceName: name, podName } = configuration;
  await runLeaderElection({
    ...context,
    store: createLeaseStore({
      client,
      namespace,
      name,
      requestTimeoutMs: LEASE_REQUEST_TIMEOUT_MS,
    }),
    // A container that restarts in the same pod is another candidate.
    identity: `${podName}_${randomUUID()}`,
    signal,
    lead: (leadership) => lead(context, leadership),
  });
}
