import { ROLE_ARN_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import type { Event } from '../cluster/objects.ts';
import { commandsOf } from '../cluster/commands.ts';
import { newestWarning } from '../cluster/events.ts';
import { foundIn } from '../cluster/read.ts';
import type { ClusterState } from './cluster-state.ts';
import { webhookOf } from './opt-in.ts';

/**
 * Why the renewer wrote no secret, as it says itself: in the namespace, else about the Deployment; empty if nowhere.
 * Without the right to read the Events, that is said.
 */
export function newestEvent({ namespace, events, releaseEvents }: ClusterState): string {
  const role = foundIn(namespace)?.metadata.annotations?.[ROLE_ARN_ANNOTATION];
  // An Event about the role of another namespace is no reason.
  const isAbout = (message: string): boolean => (role ? message.includes(role) : !message.includes(':role/'));
  const reason = quote(newestWarning(events) ?? newestWarning(releaseEvents, isAbout));
  return reason === '' && 'unread' in events
    ? `; the Events of the namespace cannot be read: ${events.unread}`
    : reason;
}

/** The same without the Deployment: a missing token is no reason why a secret belongs to somebody else. */
export function newestEventInNamespace({ events }: ClusterState): string {
  return quote(newestWarning(events));
}

/** Why the renewer has no token for a registry, as it says itself about the Deployment. */
export function newestEventAbout(registry: string, { releaseEvents }: ClusterState): string {
  return quote(newestWarning(releaseEvents, (message) => message.includes(registry)));
}

/** The command that shows what the renewers log. */
export function logsCommand(cluster: ClusterState): string {
  return commandsOf(webhookOf(cluster).release).logs;
}

function quote(event: Event | undefined): string {
  return event ? `; the newest Event of the renewer: ${event.reason}: ${event.message}` : '';
}
