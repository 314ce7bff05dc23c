import { ROLE_ARN_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import type { Event } from '../cluster/objects.ts';
import { foundIn, type Read } from '../cluster/read.ts';
import type { ClusterState } from './cluster-state.ts';
import { webhookOf } from './opt-in.ts';

/** Why the renewer wrote no secret, as it says itself: in the namespace, else about the Deployment; empty if nowhere. */
export function newestEvent({ namespace, events, releaseEvents }: ClusterState): string {
  const role = foundIn(namespace)?.metadata.annotations?.[ROLE_ARN_ANNOTATION];
  // An Event about the role of another namespace is no reason.
  const isAbout = (message: string): boolean => (role ? message.includes(role) : !message.includes(':role/'));
  return quote(newestOf(events) ?? newestOf(releaseEvents, isAbout));
}

/** The same without the Deployment: a missing token is no reason why a secret belongs to somebody else. */
export function newestEventInNamespace({ events }: ClusterState): string {
  return quote(newestOf(events));
}

/** Why the renewer has no token for a registry, as it says itself about the Deployment. */
export function newestEventAbout(registry: string, { releaseEvents }: ClusterState): string {
  return quote(newestOf(releaseEvents, (message) => message.includes(registry)));
}

/** The command that shows what the renewers log. */
export function logsCommand(cluster: ClusterState): string {
  const { release } = webhookOf(cluster);
  return `kubectl logs --namespace ${release.namespace} --selector app.kubernetes.io/instance=${release.helmName} --container renewer --prefix --tail=100`;
}

/** A problem that is over has a newer Event, which is no warning. */
function newestOf(events: Read<readonly Event[]>, isAbout = (_message: string) => true): Event | undefined {
  const newest = (foundIn(events) ?? [])
    .filter(({ message = '' }) => isAbout(message))
    .toSorted((one, other) => (one.lastTimestamp ?? '').localeCompare(other.lastTimestamp ?? ''))
    .at(-1);
  return newest?.type === 'Normal' ? undefined : newest;
}

function quote(event: Event | undefined): string {
  return event ? `; the newest Event of the renewer: ${event.reason}: ${event.message}` : '';
}
