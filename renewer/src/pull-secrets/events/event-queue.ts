import type { EventContent, EventRecorder } from '@ecr-pull-secrets/kube/event-recorder.ts';
import { createThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';
import type { RenewerDependencies } from '../../dependencies.ts';
import { EVENT_SLOTS, MAX_WAITING_EVENTS, RETRY_EVENT } from '../queue/pacing.ts';
import { createWorkQueue } from '../queue/work-queue.ts';

export type EventQueue = ReturnType<typeof createEventQueue>;

/** Events that wait to be created, fair to every namespace. */
export function createEventQueue(
  dependencies: Omit<RenewerDependencies, 'client'> & { readonly recorder: EventRecorder },
  { maxWaiting = MAX_WAITING_EVENTS }: { readonly maxWaiting?: number },
  signal: AbortSignal,
) {
  const { recorder, clock, random, metrics } = dependencies;
  const overflows = createThrottledLog(dependencies, 'too many Events wait; dropped one');
  /** By namespace and reason, those that are being created included. */
  const waiting = new Map<string, Map<string, EventContent>>();
  let count = 0;

  /** An Event that failed is dropped; the next one of its namespace waits for the back-off. */
  async function createNext(namespace: string, run: AbortSignal): Promise<void> {
    const events = waiting.get(namespace);
    const [event] = events?.values() ?? [];
    if (!events || !event) return;
    const isCreated = await recorder.event(event, run);
    if (!isCreated && run.aborted) throw new Error('the Event was evicted and is retried');
    if (waiting.get(namespace) === events) remove(events, event);
    metrics.events.inc({ result: isCreated ? 'success' : 'error' });
    if (!isCreated) throw new Error('the next Event of this namespace waits');
    if (waiting.has(namespace)) queue.add(namespace, 'routine');
  }

  /** If the Event was replaced meanwhile, the new one is created after the other Events of the namespace. */
  function remove(events: Map<string, EventContent>, event: EventContent): void {
    const latest = events.get(event.reason);
    if (!latest) return;
    events.delete(event.reason);
    if (latest !== event) return void events.set(event.reason, latest);
    count -= 1;
    if (events.size === 0) waiting.delete(event.namespace);
  }

  /** Drops the latest Event of the namespace in which most wait, if they are more than `size`. */
  function dropFromLongest(size: number): boolean {
    let longest: Map<string, EventContent> | undefined;
    for (const events of waiting.values()) {
      if (events.size > (longest?.size ?? size)) longest = events;
    }
    const reason = [...(longest?.keys() ?? [])].at(-1);
    if (!longest || reason === undefined) return false;
    count -= 1;
    return longest.delete(reason);
  }

  const queue = createWorkQueue(
    { clock, random },
    { slots: EVENT_SLOTS, retry: () => RETRY_EVENT, work: createNext },
    signal,
  );
  return {
    /** Replaces an Event of the same namespace and reason that still waits. */
    add: (event: EventContent): void => {
      const { namespace, reason } = event;
      const events = waiting.get(namespace) ?? new Map<string, EventContent>();
      if (!events.has(reason)) {
        if (count >= maxWaiting) {
          metrics.events.inc({ result: 'dropped' });
          overflows.report(new Error(`${count} Events wait`));
          if (!dropFromLongest(events.size + 1)) return;
        }
        count += 1;
      }
      waiting.set(namespace, events.set(reason, event));
      queue.add(namespace, 'routine');
    },
    /** The namespace is gone, and with it all its Events. */
    forget: (namespace: string): void => {
      count -= waiting.get(namespace)?.size ?? 0;
      waiting.delete(namespace);
      queue.forget(namespace);
    },
  };
}
