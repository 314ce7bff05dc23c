import type { FailingPull } from './failing-pull.ts';
import type { MissedPod } from './missed-pod.ts';

/** A pod that gets an Event. */
export type ReportedPod = MissedPod | FailingPull;

/** What happened to a pod, and the one command that helps. */
export function messageOf(pod: ReportedPod, pullSecretName: string): string {
  return 'registry' in pod ? pullMessage(pod, pullSecretName) : missedMessage(pod, pullSecretName);
}

function pullMessage({ namespace, name, reason, registry }: FailingPull, pullSecretName: string): string {
  const fails = `This pod names the pull secret "${pullSecretName}", and the node cannot pull an image of the registry ${registry}`;
  const why =
    reason === 'RegistryNotCovered'
      ? ': no token covers the registry; add it to the chart value "registries", with all others that pods use'
      : '';
  return `${fails}${why}. This command tries the pull and shows the reason: ecr-pull-secrets explain ${namespace}/${name}`;
}

function missedMessage({ reason, createdAtMs, command }: MissedPod, pullSecretName: string): string {
  const created = new Date(createdAtMs).toISOString().replace('.000Z', 'Z');
  const lacks = `This pod needs the pull secret "${pullSecretName}" and does not name it`;
  const why =
    reason === 'PodOlderThanLabel'
      ? `it was created at ${created}, before its namespace opted in (an estimate), and pods are only changed when they are created`
      : `nothing changed it when it was created at ${created}: at that time the webhook was probably not reachable, or not installed yet`;
  return `${lacks}: ${why}. Replace it: ${command}`;
}

/** Why a pod was evicted. */
export function evictedMessage(pullSecretName: string): string {
  return `This pod could not pull its image, because it does not name the pull secret "${pullSecretName}". It was evicted, so that its controller creates it again, with the name of the secret (chart value missedPods.evict).`;
}
