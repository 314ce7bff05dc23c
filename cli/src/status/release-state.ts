import { commandsOf } from '../cluster/commands.ts';
import type { readRelease } from './read-release.ts';
import type { Release } from './releases.ts';

/** Everything that was read of one release. */
export type ReleaseState = Readonly<Awaited<ReturnType<typeof readRelease>>>;

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
export function commandsFor(release: Release) {
  const { namespace, helmName, workload } = release;
  const place = `--namespace ${namespace}`;
  const isCronJob = 'found' in workload && workload.found.kind === 'CronJob';
  return {
    ...commandsOf(release),
    ...(isCronJob ? { logs: `kubectl get jobs,pods ${place}` } : {}),
    // With its selector.
    service: `kubectl get service ${release.name} ${place} --output wide`,
    pods: `kubectl describe pods ${place} --selector app.kubernetes.io/instance=${helmName}`,
  };
}
