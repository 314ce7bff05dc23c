import type { PartialObjectMetadata } from '@ecr-pull-secrets/kube/objects.ts';
import type { Registry } from '@ecr-pull-secrets/renewer/credentials/registries/registries.ts';
import type { Event, Webhook, WebhookConfiguration } from '../cluster/objects.ts';
import type { Read } from '../cluster/read.ts';
import type { AdmissionCounts } from './admission-counts.ts';
import type { NamespaceOverview } from './namespace-state.ts';
import type { ObservedLease } from './observe-lease.ts';
import type { Policies, Policy } from './read-fence.ts';
import type { Release } from './releases.ts';
import type { Settings } from './settings.ts';
import type { Attempt } from './try-injection.ts';

/** Everything that was read of one release. */
export interface ReleaseState {
  readonly release: Release;
  readonly settings: Settings;
  /** Why the settings in the Deployment cannot be used; `settings` has the defaults then. */
  readonly invalid: string | undefined;
  readonly nowMs: number;
  readonly webhooks: Read<readonly WebhookConfiguration[]>;
  /** The webhook of the release, if there is one. */
  readonly webhook: Webhook | undefined;
  readonly mutatingPolicies: Read<readonly Policy[]>;
  readonly lease: ObservedLease;
  /** Those that are configured. */
  readonly registries: Read<readonly Registry[]>;
  /** The Events of the renewer about the Deployment. */
  readonly events: Read<readonly Event[]>;
  /** Its metadata. */
  readonly checkpoint: Read<PartialObjectMetadata>;
  readonly namespaces: Read<NamespaceOverview>;
  /** The newest Event of the renewer in each of the worst namespaces. */
  readonly reasons: ReadonlyMap<string, Event>;
  /** `undefined` if there is no namespace to try it in. */
  readonly attempt: Attempt | undefined;
  /** Why the API server does not reach the webhook, if that was requested. */
  readonly unreachable: string | undefined;
  readonly counts: Read<AdmissionCounts>;
  /** What the webhook serves, as PEM; `undefined` if it cannot be reached from here. */
  readonly servedChain: string | undefined;
  readonly policies: Policies;
}

/** How the release injects the secret into pods. */
export type Mode = 'webhook' | 'policy' | 'both' | 'none' | 'cronjob' | 'unknown';

export function modeOf({ release, webhook, mutatingPolicies }: ReleaseState): Mode {
  const { workload } = release;
  if ('found' in workload && workload.found.kind === 'CronJob') return 'cronjob';
  const hasPolicy = 'found' in mutatingPolicies && mutatingPolicies.found.length > 0;
  const hasWebhook = 'found' in workload ? hasContainer(release, 'webhook') : webhook !== undefined;
  if (hasWebhook) return hasPolicy ? 'both' : 'webhook';
  if (hasPolicy) return 'policy';
  return 'unread' in workload || 'unread' in mutatingPolicies ? 'unknown' : 'none';
}

/** Whether the Deployment runs a container of this name. */
function hasContainer({ workload }: Release, wanted: string): boolean {
  return 'found' in workload && workload.found.containers.some(({ name }) => name === wanted);
}

/** The commands for a release, which a person runs. */
export function commandsFor({ namespace, name, helmName, workload }: Release) {
  const place = `--namespace ${namespace}`;
  const isCronJob = 'found' in workload && workload.found.kind === 'CronJob';
  return {
    pods: `kubectl describe pods ${place} --selector app.kubernetes.io/instance=${helmName}`,
    // The log of the leader says why, and `deployment/…` would choose any replica.
    logs: isCronJob
      ? `kubectl get jobs,pods ${place}`
      : `kubectl logs ${place} --selector app.kubernetes.io/instance=${helmName} --container renewer --prefix --tail=100`,
    upgrade: `helm upgrade ${helmName} ./chart ${place} --reset-then-reuse-values`,
    scale: `kubectl scale deployment/${name} ${place} --replicas=2`,
  };
}
