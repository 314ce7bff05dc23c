import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { isApiError } from './api-error.ts';
import type { KubeClient } from './client.ts';
import { eventsPath } from './object-names.ts';
import { createThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';

/** A message to the users of a namespace, which `kubectl get events` shows. */
export interface EventContent {
  readonly namespace: string;
  readonly involvedObject: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    /** `kubectl describe` shows only Events with the UID of the object. */
    readonly uid?: string | undefined;
  };
  /** The name of the Event, if it is to be created once, by whichever leader; a random one if absent. */
  readonly name?: string;
  /** The default is a warning. */
  readonly type?: 'Normal' | 'Warning';
  /** One CamelCase word. */
  readonly reason: string;
  /** What happened and what to do; no credentials. */
  readonly message: string;
  /** How often it happened, and since when; once and now if absent. */
  readonly series?: { readonly count: number; readonly firstAtMs: number };
}

/** When API servers delete an Event by default (`--event-ttl`). */
export const EVENT_LIFETIME_MS = 3_600_000;

/** The API server refuses longer ones. */
const MESSAGE_LIMIT = 1024;

/** API servers take milliseconds; an admission webhook may hang. */
const TIMEOUT_MS = 5_000;

export type EventRecorder = ReturnType<typeof createEventRecorder>;

/** Creates Events. An Event that cannot be created is only logged: no state depends on it. */
export function createEventRecorder(
  dependencies: { readonly client: KubeClient; readonly clock: Clock; readonly logger: Logger },
  settings: {
    /** The pod that reports, as `reportingInstance`. */
    readonly instance: string;
  },
  signal: AbortSignal,
) {
  const { client, clock, logger } = dependencies;
  const failures = createThrottledLog({ clock, logger }, 'creating an Event failed');

  /** Resolves with whether the Event was created; `false`, without a log line, if a signal aborts before. */
  async function event(content: EventContent, givenUp?: AbortSignal): Promise<boolean> {
    const { namespace, involvedObject, name, type = 'Warning', reason, message, series } = content;
    const either = givenUp ? AbortSignal.any([signal, givenUp]) : signal;
    const now = new Date(clock.now()).toISOString();
    const body = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { ...(name === undefined ? { generateName: `${involvedObject.name}.` } : { name }), namespace },
      involvedObject: { ...involvedObject, namespace },
      type,
      reason,
      message: message.slice(0, MESSAGE_LIMIT),
      firstTimestamp: series ? new Date(series.firstAtMs).toISOString() : now,
      lastTimestamp: now,
      count: series?.count ?? 1,
      source: { component: PRODUCT_NAME },
      reportingComponent: PRODUCT_NAME,
      reportingInstance: settings.instance,
    };
    try {
      const path = eventsPath(namespace);
      await client.request({ method: 'POST', path, body, signal: either, timeoutMs: TIMEOUT_MS });
      return true;
    } catch (error) {
      if (name !== undefined && isApiError(error, 409)) return true;
      if (!either.aborted) failures.report(error, namespace);
      return false;
    }
  }

  return { event };
}
