import { METRIC_PREFIX } from '@ecr-pull-secrets/shared/names.ts';
import { Counter, Gauge, type MetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';

export type RenewerMetrics = ReturnType<typeof createRenewerMetrics>;

/**
 * All metrics of the renewer. Each is declared here, and set by the part that it is about. No label ever holds a
 * namespace: there may be ten thousand.
 */
export function createRenewerMetrics(registry: MetricsRegistry) {
  const registers = [registry];

  function gauge<L extends string = never>(name: string, help: string, ...labelNames: L[]) {
    return new Gauge<L>({ name: METRIC_PREFIX + name, help, labelNames, registers });
  }

  function counter<L extends string = never>(name: string, help: string, ...labelNames: L[]) {
    return new Counter<L>({ name: METRIC_PREFIX + name, help, labelNames, registers });
  }

  return {
    leader: gauge('leader', 'Whether this renewer leads: 1 or 0.'),
    tokenRequests: counter('token_requests_total', 'Requests to AWS for a registry token.', 'result'),
    tokenExpiry: gauge(
      'token_expiry_timestamp_seconds',
      'When each registry token expires; set by the leader alone.',
      'token',
    ),
    tokenMissing: gauge(
      'token_missing',
      'Whether there is no valid token: 1 or 0 for each token that is required; set by the leader alone.',
      'token',
    ),
    registryLogins: counter(
      'registry_logins_total',
      'Logins with new tokens before they are used: accepted, refused or unknown.',
      'result',
    ),
    registryLoginRefused: gauge(
      'registry_login_refused',
      'Registries that refuse a new token: 1 while they do; set by the leader alone.',
      'token',
      'registry',
    ),
    refusedRegistries: gauge(
      'refused_registries',
      'Configured registries that get no token, because the AWS identity is in another partition; the log names them.',
    ),
    secretWrites: counter(
      'pull_secret_writes_total',
      'Writes of pull secrets: success, deleted, conflict, refused or error.',
      'result',
    ),
    pullSecrets: gauge(
      'pull_secrets',
      'Target namespaces by the state of their pull secret: current, pending, refused, contested, foreign, without-token or expired; set by the leader alone.',
      'state',
    ),
    namespaceProblems: gauge(
      'namespace_problems',
      'Namespaces with a problem that an Event in them describes, by the reason of the Event; set by the leader alone.',
      'reason',
    ),
    events: counter(
      'events_total',
      'Events about namespaces, pods and the Deployment: success, error or dropped.',
      'result',
    ),
    missedPods: gauge(
      'missed_pods',
      'Pods that need the pull secret and do not name it, by their phase and the reason of their Event; set by the leader alone.',
      'phase',
      'reason',
    ),
    failingPulls: gauge(
      'failing_pulls',
      'Pods that name the pull secret and cannot pull an ECR image, by the reason of their Event; set by the leader alone.',
      'reason',
    ),
    missedPodEvictions: counter(
      'missed_pod_evictions_total',
      'Evictions of missed pods: success, skipped or error.',
      'result',
    ),
    caBundlePatches: counter(
      'ca_bundle_patches_total',
      'Patches of the caBundle in the webhook configuration.',
      'result',
    ),
    certificateExpiry: gauge(
      'certificate_expiry_timestamp_seconds',
      'When the CA certificate and the serving certificate of this replica expire.',
      'certificate',
    ),
    certificateProblems: gauge(
      'certificate_problems',
      'Number of problems with an external certificate; the log has them.',
    ),
    fence: gauge(
      'fence',
      'Whether admission policies fence the identity of the renewer, 1 for the state that applies: proven, missing, unknown or off; set by the leader alone.',
      'state',
    ),
  };
}

/** The metrics that only a leader sets end with its leadership, or an alert would fire on old values. */
export function resetLeaderMetrics(metrics: RenewerMetrics): void {
  const { leader, missedPods, failingPulls, pullSecrets, namespaceProblems, fence } = metrics;
  const { tokenExpiry, tokenMissing, registryLoginRefused } = metrics;
  leader.set(0);
  const ofTokens = [tokenExpiry, tokenMissing, registryLoginRefused];
  for (const gauge of [...ofTokens, pullSecrets, namespaceProblems, missedPods, failingPulls, fence]) gauge.reset();
}
