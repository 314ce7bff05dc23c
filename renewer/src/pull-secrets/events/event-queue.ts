import type { BackOff } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { RenewerDependencies } from '../../dependencies.ts';
import type { EventContent, RecordEvent } from '@ecr-pull-secrets/kube/event-recorder.ts';
import { createThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';
import type { SlotLimits } from '../queue/worker-slots.ts';
import { createWorkQueue } from '../queue/work-queue.ts';

/** Events that wait to be made, fair to every namespace. */
export interface EventQueue {
  /** The Event is made soon. It takes the place of one of the same namespace and reason that still waits. */
  add(notice: EventContent): void;
  /** The namespace is gone, and so is all that waits for it. */
  forget(namespace: string): void;
}

/**
 * How many Events are under way at once, one for each namespace: few enough that ten thousand of them are no storm. The
 * API server takes milliseconds; where it takes longer, somebody's admission webhook hangs until the timeout of 5 s.
 * Such a namespace leaves its place to others after half a second and waits for one of the places of slow ones, so
 * fifty of them hold up the others for 50 / 4 * 0.5 = 6.25 s. An Event that is given up may have been made; then it
 * is made twice.
 */
const LANES: SlotLimits = {
  concurrency: 4,
  slow: { afterMs: 300, places: 16, evictAfterMs: 500 },
};

/** How many Events may wait, of about 1 KiB each. */
const MOST_WAITING = 5_000;

/** An Event that failed is dropped; the next one of its namespace waits. */
const BACK_OFF: BackOff = { baseMs: 1_000, capMs: 60_000 };

export function createEventQueue(
  options: Pick<RenewerDependencies, 'clock' | 'random' | 'logger' | 'metrics'> & {
    readonly notify: RecordEvent;
    readonly signal: AbortSignal;
    /** How many Events may wait; for tests. */
    readonly mostWaiting?: number;
  },
): EventQueue {
  const { notify, metrics, mostWaiting = MOST_WAITING } = options;
  const overflow = createThrottledLog(options, 'too many Events wait; the log alone has this one');
  /** By namespace and reason, those under way included. */
  const waiting = new Map<string, Map<string, EventContent>>();
  let count = 0;
  const queue = createWorkQueue({
    ...options,
    work: makeNext,
    ...LANES,
    retry: () => BACK_OFF,
  });

  async function makeNext(namespace: string, run: AbortSignal): Promise<void> {
    const notices = waiting.get(namespace);
    const [notice] = notices?.values() ?? [];
    if (!notices || !notice) return;
    const isMade = await notify(notice, run);
    if (!isMade && run.aborted) throw new Error('the Event waits for a place of slow namespaces');
    if (waiting.get(namespace) === notices) remove(notices, notice);
    metrics.events.inc({ result: isMade ? 'success' : 'error' });
    if (!isMade) throw new Error('the next Event of this namespace waits');
    if (waiting.has(namespace)) queue.add(namespace, 'routine');
  }

  /** What came in its place meanwhile is made after the other Events of the namespace. */
  function remove(notices: Map<string, EventContent>, notice: EventContent): void {
    const newest = notices.get(notice.reason);
    if (!newest) return;
    notices.delete(notice.reason);
    if (newest !== notice) {
      notices.set(notice.reason, newest);
      return;
    }
    count -= 1;
    if (notices.size === 0) waiting.delete(notice.namespace);
  }

  /** Drops the newest Event of the namespace in which most wait, if they are more than `size`. */
  function dropFromLongest(size: number): boolean {
    let longest: Map<string, EventContent> | undefined;
    for (const notices of waiting.values()) {
      if (notices.size > (longest?.size ?? size)) longest = notices;
    }
    const reason = [...(longest?.keys() ?? [])].at(-1);
    if (!longest || reason === undefined) return false;
    count -= 1;
    return longest.delete(reason);
  }

  return {
    add: (notice) => {
      const { namespace, reason } = notice;
      const notices = waiting.get(namespace) ?? new Map<string, EventContent>();
      if (!notices.has(reason)) {
        if (count >= mostWaiting) {
          metrics.events.inc({ result: 'dropped' });
          overflow.report(new Error(`${count} Events wait`));
          if (!dropFromLongest(notices.size + 1)) return;
        }
        count += 1;
      }
      waiting.set(namespace, notices.set(reason, notice));
      queue.add(namespace, 'routine');
    },
    forget: (namespace) => {
      count -= waiting.get(namespace)?.size ?? 0;
      waiting.delete(namespace);
      queue.forget(namespace);
    },
  };
}
