import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { NamespacedMeta } from './objects.ts';

/** Writes Events about one object, as `kubectl describe` shows them. */
export interface EventRecorder {
  /** Each reason and message is written once; a failure to write is ignored. */
  record(type: 'Normal' | 'Warning', reason: string, message: string): void;
}

/** The object that events are about. */
export interface EventSubject {
  readonly apiVersion: 'v1';
  readonly kind: 'Pod' | 'Service';
  readonly metadata: NamespacedMeta;
}

/** The API server refuses longer messages. */
const MESSAGE_LIMIT = 1024;

/** Makes Events in the name of `component`, kubelet or another. */
export function createEventRecorder(
  client: KubeClient,
  clock: Clock,
  component: string,
  { apiVersion, kind, metadata }: EventSubject,
): EventRecorder {
  const { namespace, name, uid } = metadata;
  const written = new Set<string>();

  async function write(type: string, reason: string, message: string): Promise<void> {
    const now = new Date(clock.now()).toISOString();
    await client.request({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/events`,
      body: {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { generateName: `${name}.`, namespace },
        involvedObject: { apiVersion, kind, namespace, name, uid },
        type,
        reason,
        message: message.slice(0, MESSAGE_LIMIT),
        firstTimestamp: now,
        lastTimestamp: now,
        count: 1,
        source: { component },
      },
    });
  }

  return {
    record: (type, reason, message) => {
      const key = `${reason} ${message}`;
      if (written.has(key)) return;
      written.add(key);
      write(type, reason, message).catch(() => undefined);
    },
  };
}
