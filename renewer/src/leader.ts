import type { RenewerConfiguration } from './config/configuration.ts';
import type { RenewerDependencies } from './dependencies.ts';
import type { WebhookTls } from './webhook-tls/webhook-tls.ts';
import { runFenceMonitor } from './fence/fence-monitor.ts';
import { resetLeaderMetrics } from './metrics.ts';
import { createEventRecorder, type EventRecorder } from '@ecr-pull-secrets/kube/event-recorder.ts';
import { checkpointSecretName } from '@ecr-pull-secrets/kube/object-names.ts';
import type { Leadership } from '@ecr-pull-secrets/kube/leader-election.ts';
import { createHttpsGetter } from '@ecr-pull-secrets/kube/network/https-get.ts';
import {
  createDeploymentEvents,
  type DeploymentEvents,
  NO_DEPLOYMENT_EVENTS,
} from './deployment-events/deployment-events.ts';
import { createDeploymentReference } from './deployment-events/deployment-reference.ts';
import { createCanary } from './credentials/canary/canary.ts';
import { createNewTokenCheck } from './credentials/canary/new-token-check.ts';
import { createRegistryLogin, LOGIN_TIMEOUT_MS } from './credentials/canary/registry-login.ts';
import { createCoverage } from './credentials/coverage.ts';
import { RENEWAL_POLICY } from './credentials/renewal-policy.ts';
import { createTokenReports } from './credentials/reports/token-reports.ts';
import { createAwsRequestHandler } from './network/aws-request-handler.ts';
import { createCredentialStore } from './credentials/credential-store.ts';
import { runMissedPods } from './missed-pods/missed-pods.ts';
import { createEventQueue } from './pull-secrets/events/event-queue.ts';
import { createPullSecretController } from './pull-secrets/controller.ts';
import { createAwsTokenSource } from './credentials/aws/aws-token-source.ts';
import { createCheckpoint } from './credentials/checkpoint/checkpoint.ts';
import { createTokenRenewer } from './credentials/token-renewer.ts';

/** The work of the elected renewer, until the signal aborts: tokens, pull secrets, missed pods, the CA, the fence. */
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
    const recorder = createEventRecorder(dependencies, { instance: configuration.podName }, signal);
    const deploymentEvents = createLeaderEvents(dependencies, recorder, configuration, signal);
    await Promise.all([
      webhookTls.lead(leadership, deploymentEvents),
      runPullSecrets({ ...dependencies, recorder, deploymentEvents }, configuration, signal),
      runFenceMonitor({ ...dependencies, events: deploymentEvents }, configuration, signal),
    ]);
  } finally {
    resetLeaderMetrics(metrics);
  }
}

async function runPullSecrets(
  dependencies: RenewerDependencies & { readonly recorder: EventRecorder; readonly deploymentEvents: DeploymentEvents },
  configuration: RenewerConfiguration,
  signal: AbortSignal,
): Promise<void> {
  const { client, clock, random, logger, metrics, recorder, deploymentEvents } = dependencies;
  const { podNamespace, serviceName } = configuration;
  const checkpointSettings = {
    namespace: podNamespace,
    name: checkpointSecretName(serviceName),
    caller: configuration.awsCaller,
  };
  const checkpoint = createCheckpoint(dependencies, checkpointSettings, signal);
  // Only what an earlier leader requested with this configuration. Which roles are in use shows only later.
  const initialTokens = new Map([...(await checkpoint.load())].filter(([id]) => configuration.tokenIds.has(id)));
  const requestHandler = createAwsRequestHandler(configuration.proxies);
  const tokenSource = createAwsTokenSource({ clock, requestHandler }, { keys: configuration.awsKeys });
  const reports = createTokenReports({ events: deploymentEvents, logger, metrics }, configuration);
  const registryClient = createHttpsGetter({ clock }, { proxies: configuration.proxies, timeoutMs: LOGIN_TIMEOUT_MS });
  const login = createRegistryLogin(registryClient, signal);
  const canary = configuration.canary === 'on' ? createCanary({ login, clock, metrics }, configuration) : undefined;
  const check = createNewTokenCheck({ canary, clock, random, reports }, { policy: RENEWAL_POLICY }, signal);
  const tokenRenewer = createTokenRenewer(
    { tokenSource, check, reports, clock, random, logger, metrics },
    { initialTokens },
    signal,
  );
  const credentials = createCredentialStore({ clock, tokenRenewer }, configuration);
  const events = createEventQueue({ recorder, clock, random, logger, metrics }, {}, signal);
  const controller = createPullSecretController(
    { credentials, events, client, clock, random, logger, metrics },
    configuration,
    signal,
  );
  const work = [controller.run(), tokenRenewer.run(), checkpoint.run(tokenRenewer.tokens)];
  const { missedPods, pullSecretName } = configuration;
  if (missedPods) {
    const { cache } = controller;
    const covers = createCoverage(tokenRenewer, configuration);
    work.push(runMissedPods({ ...dependencies, cache, recorder, covers }, { ...missedPods, pullSecretName }, signal));
  }
  try {
    await Promise.all(work);
  } finally {
    requestHandler.destroy();
    await registryClient.close();
  }
}

/** The Events of the Deployment, or none. */
function createLeaderEvents(
  dependencies: RenewerDependencies,
  recorder: EventRecorder,
  { deploymentEvents, podNamespace: namespace, serviceName: name }: RenewerConfiguration,
  signal: AbortSignal,
): DeploymentEvents {
  if (deploymentEvents === 'off') return NO_DEPLOYMENT_EVENTS;
  const reference = createDeploymentReference(dependencies, { namespace, name }, signal);
  return createDeploymentEvents({ ...dependencies, recorder, reference }, { namespace });
}
