import { eventsPath } from '@ecr-pull-secrets/kube/object-names.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Event } from './objects.ts';
import { foundIn, type Read } from './read.ts';
import type { Reader } from './reader.ts';

/** The renewer reports a problem once, or once an hour. */
const MOST_EVENTS = 50;

/** What the Events of the renewer are about: the pull secret of a namespace, or our Deployment. */
export type EventSubject = { readonly kind: 'Secret' } | { readonly kind: 'Deployment'; readonly name: string };

/**
 * The Events of the renewer in a namespace, about one object: hundreds about missed pods must not hide why there is no
 * secret.
 */
export function readEvents(
  { list }: Reader,
  namespace: string,
  subject: EventSubject,
): Promise<Read<readonly Event[]>> {
  const fieldSelector = [
    `reportingComponent=${PRODUCT_NAME}`,
    ...Object.entries(subject).map(([field, value]) => `involvedObject.${field}=${value}`),
  ].join(',');
  return list(`list events in namespace ${namespace}`, eventsPath(namespace), { fieldSelector, limit: MOST_EVENTS });
}

/** The oldest first. */
export function inOrder(events: readonly Event[]): readonly Event[] {
  return events.toSorted((one, other) => (one.lastTimestamp ?? '').localeCompare(other.lastTimestamp ?? ''));
}

/** The newest Event, if it is a warning: a problem that is over has a newer Event, which is none. */
export function newestWarning(
  events: Read<readonly Event[]> | undefined,
  isAbout = (_message: string) => true,
): Event | undefined {
  const newest = inOrder(foundIn(events) ?? []).findLast(({ message = '' }) => isAbout(message));
  return newest?.type === 'Normal' ? undefined : newest;
}
