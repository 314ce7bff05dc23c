import type { RenewerContext } from './context.ts';
import { keepFenceProven } from './fence/keep-fence-proven.ts';
import { forgetLeadership } from './metrics.ts';
import { createNotify } from './kube/events.ts';
import type { Leadership } from './kube/leader-election.ts';
import { createAwsRequestHandler } from './network/aws-request-handler.ts';
import { createDocuments } from './pull-secrets/documents.ts';
import { createEventQueue } from './pull-secrets/event-queue.ts';
import { createNamespaceReports } from './pull-secrets/namespace-reports.ts';
import { createPullSecretController } from './pull-secrets/pull-secret-controller.ts';
import { createAwsTokenSource } from './registry-tokens/aws-token-source.ts';
import { createCheckpoint } from './registry-tokens/checkpoint.ts';
import { createTokenKeeper } from './registry-tokens/token-keeper.ts';

/** What the one elected renewer does, until the signal aborts: tokens, pull secrets, the authority, the fence. */
export async function lead(context: RenewerContext, leadership: Leadership): Promise<void> {
  const { certificates, metrics } = context;
  metrics.leader.set(1);
  try {
    const { signal } = leadership;
    await Promise.all([
      certificates.lead(leadership),
      keepPullSecrets(context, signal),
      keepFenceProven({ ...context, signal }),
    ]);
  } finally {
    forgetLeadership(metrics);
  }
}

async function keepPullSecrets(context: RenewerContext, signal: AbortSignal): Promise<void> {
  const { configuration, clock, logger } = context;
  const { secretName, awsRegion: region, registries, namespaceRoles, podName } = configuration;
  const { podNamespace: namespace, serviceName, awsCaller: caller } = configuration;
  const name = `${serviceName}-tokens`;
  const checkpoint = createCheckpoint({ ...context, namespace, name, caller, signal });
  const documents = createDocuments({ registries, region, now: () => clock.now() });
  // Of the checkpoint only what this configuration can come to need: roles are known a moment later.
  const usable = new Set(documents.requestsFor(namespaceRoles).map(({ id }) => id));
  const notify = createNotify({ ...context, instance: podName, signal });
  const events = createEventQueue({ ...context, notify, signal });
  const keeper = createTokenKeeper({
    ...context,
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
    ...context,
    documents,
    reports: createNamespaceReports({ secretName, events, logger }),
    onRoles: (roles) => keeper.require(documents.requestsFor(roles)),
    signal,
  });
  keeper.require(documents.requestsFor([]));
  await Promise.all([controller.run(), keeper.run(), checkpoint.run()]);
}
