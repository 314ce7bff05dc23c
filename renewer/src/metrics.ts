import { METRIC_PREFIX } from '@ecr-pull-secrets/shared/names.ts';
import { Counter, Gauge, type Registry } from '@ecr-pull-secrets/shared/metrics.ts';

/**
 * All metrics of the renewer. Each is declared here, and set by the part that it is about. No label ever holds a
 * namespace: there may be ten thousand.
 */
export interface RenewerMetrics {
  readonly leader: Gauge;
  readonly tokenRequests: Counter<'result'>;
  readonly tokenExpiry: Gauge<'token'>;
  readonly refusedRegistries: Gauge;
  readonly secretWrites: Counter<'result'>;
  readonly pullSecrets: Gauge<'state'>;
  readonly namespaceProblems: Gauge<'reason'>;
  readonly events: Counter<'result'>;
  readonly caBundlePatches: Counter<'result'>;
  readonly certificateExpiry: Gauge<'certificate'>;
  readonly certificateProblems: Gauge;
  readonly fence: Gauge<'state'>;
}

export function createRenewerMetrics(registry: Registry): RenewerMetrics {
  const registers = [registry];
  return {
    leader: new Gauge({
      name: `${METRIC_PREFIX}leader`,
      help: 'Whether this renewer leads: 1 or 0.',
      registers,
    }),
    tokenRequests: new Counter({
      name: `${METRIC_PREFIX}token_requests_total`,
      help: 'Requests to AWS for a registry token.',
      labelNames: ['result'],
      registers,
    }),
    tokenExpiry: new Gauge({
      name: `${METRIC_PREFIX}token_expiry_timestamp_seconds`,
      help: 'When each registry token expires; set by the leader alone.',
      labelNames: ['token'],
      registers,
    }),
    refusedRegistries: new Gauge({
      name: `${METRIC_PREFIX}refused_registries`,
      help: 'Configured registries that get no token, because the AWS identity is in another partition; the log names them.',
      registers,
    }),
    secretWrites: new Counter({
      name: `${METRIC_PREFIX}pull_secret_writes_total`,
      help: 'Writes of pull secrets: success, deleted, conflict, refused or error.',
      labelNames: ['result'],
      registers,
    }),
    pullSecrets: new Gauge({
      name: `${METRIC_PREFIX}pull_secrets`,
      help: 'Target namespaces by the state of their pull secret: current, pending, refused, contested, foreign, without-token or expired; set by the leader alone.',
      labelNames: ['state'],
      registers,
    }),
    namespaceProblems: new Gauge({
      name: `${METRIC_PREFIX}namespace_problems`,
      help: 'Namespaces with a problem that an Event in them describes, by the reason of the Event; set by the leader alone.',
      labelNames: ['reason'],
      registers,
    }),
    events: new Counter({
      name: `${METRIC_PREFIX}events_total`,
      help: 'Events about namespaces: success, error or dropped.',
      labelNames: ['result'],
      registers,
    }),
    caBundlePatches: new Counter({
      name: `${METRIC_PREFIX}ca_bundle_patches_total`,
      help: 'Patches of the caBundle in the webhook configuration.',
      labelNames: ['result'],
      registers,
    }),
    certificateExpiry: new Gauge({
      name: `${METRIC_PREFIX}certificate_expiry_timestamp_seconds`,
      help: 'When the CA certificate and the serving certificate of this replica expire.',
      labelNames: ['certificate'],
      registers,
    }),
    certificateProblems: new Gauge({
      name: `${METRIC_PREFIX}certificate_problems`,
      help: 'Number of problems with an external certificate; the log has them.',
      registers,
    }),
    fence: new Gauge({
      name: `${METRIC_PREFIX}fence`,
      help: 'Whether admission policies fence the identity of the renewer, 1 for the state that applies: proven, missing, unknown or off; set by the leader alone.',
      labelNames: ['state'],
      registers,
    }),
  };
}

/** The metrics that only a leader sets end with its leadership, or an alert would fire on old values. */
export function resetLeaderMetrics(metrics: RenewerMetrics): void {
  metrics.leader.set(0);
  metrics.tokenExpiry.reset();
  metrics.pullSecrets.reset();
  metrics.namespaceProblems.reset();
  metrics.fence.reset();
}
