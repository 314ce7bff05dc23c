import type { MissedPod } from './missed-pod.ts';

/** What happened to a missed pod, and the one command that helps. */
export function missedMessage({ reason, createdAtMs, command }: MissedPod, pullSecretName: string): string {
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
