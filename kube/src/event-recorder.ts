import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { KubeClient } from './client.ts';
import { createThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';

/** A word to the people of a namespace, shown by `kubectl get events`. */
export interface EventContent {
  readonly namespace: string;
  /** The object that it is about. */
  readonly about: { readonly apiVersion: string; readonly kind: string; readonly name: string };
  /** One CamelCase word. */
  readonly reason: string;
  /** What happened and what to do; no credentials. */
  readonly message: string;
}

/** Resolves with whether the Event was made; `false`, without a log line, if the signal aborts before. */
export type RecordEvent = (notice: EventContent, signal?: AbortSignal) => Promise<boolean>;

/** The API server refuses longer ones. */
const MESSAGE_LIMIT = 1024;

/** API servers take milliseconds; an admission webhook in between may hang. */
const TIMEOUT_MS = 5_000;

/**
 * Makes Warning Events, until the signal aborts. An Event that cannot be made is only logged: it is news,
 * not work.
 */
export function createEventRecorder(options: {
  readonly client: KubeClient;
  /** The pod that speaks. */
  readonly instance: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}): RecordEvent {
  const { client, instance, clock, logger, signal } = options;
  const trouble = createThrottledLog({ clock, logger }, 'an Event could not be made');
  return async ({ namespace, about, reason, message }, givenUp) => {
    const until = givenUp ? AbortSignal.any([signal, givenUp]) : signal;
    const now = new Date(clock.now()).toISOString();
    const body = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { generateName: `${about.name}.`, namespace },
      involvedObject: { ...about, namespace },
      type: 'Warning',
      reason,
      message: message.slice(0, MESSAGE_LIMIT),
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      source: { component: PRODUCT_NAME },
      reportingComponent: PRODUCT_NAME,
      reportingInstance: instance,
    };
    try {
      await client.request({
        method: 'POST',
        path: `/api/v1/namespaces/${namespace}/events`,
        body,
        signal: until,
        timeoutMs: TIMEOUT_MS,
      });
      return true;
    } catch (error) {
      if (!until.aborted) trouble.report(error, namespace);
      return false;
    }
  };
}
