import type { RenewerConfiguration } from './config/configuration.ts';
import type { RenewerDependencies } from './dependencies.ts';
import type { WebhookTls } from './webhook-tls/webhook-tls.ts';
import { runFenceMonitor } from './fence/fence-monitor.ts';
import { forgetLeadership } from './metrics.ts';
import { createEventRecorder } from '@ecr-pull-secrets/kube/event-recorder.ts';
import type { Leadership } from '@ecr-pull-secrets/kube/leader-election.ts';
import { createAwsRequestHandler } from './network/aws-request-handler.ts';
import { createCredentialStore } from './credentials/credential-store.ts';
import { createEventQueue } from './pull-secrets/events/event-queue.ts';
import { createNamespaceReports } from './pull-secrets/events/namespace-reports.ts';
import { createPullSecretController } from './pull-secrets/controller.ts';
import { createAwsTokenSource } from './credentials/aws/aws-token-source.ts';
import { createCheckpoint } from './credentials/checkpoint/checkpoint.ts';
import { createTokenRenewer } from './credentials/token-renewer.ts';

/** What the one elected renewer does, until the signal aborts: tokens, pull secrets, the authority, the fence. */
export async function lead(
  dependencies: RenewerDependencies,
  configuration: RenewerConfiguration,
  webhookTls: WebhookTls,
  leadership: Leadership,
): Promise<void> {
  const { metrics } = dependencies;
  metrics.leader.set(1);
  try {
    const { signal } = leadership;
    await Promise.all([
      webhookTls.lead(leadership),
      runPullSecrets(dependencies, configuration, signal),
      runFenceMonitor({ ...dependencies, configuration, signal }),
    ]);
  } finally {
    forgetLeadership(metrics);
  }
}

async function runPullSecrets(
  dependencies: RenewerDependencies,
  configuration: RenewerConfiguration,
  signal: AbortSignal,
): Promise<void> {
  const { clock, logger } = dependencies;
  const { secretName, awsRegion: region, registries, namespaceRoles, podName } = configuration;
  const { podNamespace: namespace, serviceName, awsCaller: caller } = configuration;
  const name = `${serviceName}-tokens`;
  const checkpoint = createCheckpoint({ ...dependencies, namespace, name, caller, signal });
  const documents = createCredentialStore({ registries, region, now: () => clock.now() });
  // Of the checkpoint only what this configuration can come to need: roles are known a moment later.
  const usable = new Set(documents.requestsFor(namespaceRoles).map(({ id }) => id));
  const notify = createEventRecorder({ ...dependencies, instance: podName, signal });
  const events = createEventQueue({ ...dependencies, notify, signal });
  const keeper = createTokenRenewer({
    ...dependencies,
    tokenSource: createAwsTokenSource({
      clock,
      requestHandler: createAwsRequestHandler(configuration.proxies),
      keys: configuration.awsKeys,
    }),
    initial: new Map([...(await checkpoint.load())].filter(([id]) => usable.has(id))),
    onTokens: (required, living) => {
      documents.setTokens(required);
      controller.documentsChanged();
      checkpoint.save(living);
    },
    signal,
  });
  const controller = createPullSecretController({
    ...dependencies,
    configuration,
    documents,
    reports: createNamespaceReports({ secretName, events, logger }),
    onRoles: (roles) => keeper.require(documents.requestsFor(roles)),
    signal,
  });
  keeper.require(documents.requestsFor([]));
  await Promise.all([controller.run(), keeper.run(), checkpoint.run()]);
}
