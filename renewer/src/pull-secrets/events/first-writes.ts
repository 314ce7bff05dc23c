import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createWindowLimit } from '@ecr-pull-secrets/shared/runtime/window-limit.ts';
import type { EventQueue } from './event-queue.ts';

/**
 * First writes that are Events within a minute. After an installation there may be ten thousand first writes; a person
 * who labels namespaces by hand labels fewer.
 */
const MOST_IN_WINDOW = 30;
const WINDOW_MS = 60_000;

/** Creates an Event in a namespace when its pull secret is written for the first time. */
export function createFirstWrites(
  { events, clock }: { readonly events: Pick<EventQueue, 'add'>; readonly clock: Pick<Clock, 'now'> },
  { pullSecretName: name }: { readonly pullSecretName: string },
) {
  /** A secret that another tool deletes again and again is written for the first time only once. */
  const known = new Set<string>();
  const limit = createWindowLimit({ clock }, { most: MOST_IN_WINDOW, windowMs: WINDOW_MS });

  return {
    written(namespace: string, expiresAtMs: number): void {
      if (known.has(namespace)) return;
      known.add(namespace);
      if (!limit.take()) return;
      const involvedObject = { apiVersion: 'v1', kind: 'Secret', name };
      const message = `The pull secret "${name}" was written. Its credentials are valid until ${new Date(expiresAtMs).toISOString()}, and are renewed before that. New pods with ECR images get its name; pods that existed before do not.`;
      events.add({ namespace, involvedObject, type: 'Normal', reason: 'PullSecretWritten', message });
    },
    forget(namespace: string): void {
      known.delete(namespace);
    },
  };
}
