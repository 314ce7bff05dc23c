import type { BackOff } from '@ecr-pull-secrets/shared/back-off.ts';
import type { RenewerContext } from '../context.ts';
import type { Notice, Notify } from '../kube/events.ts';
import { createTroubleLog } from '../kube/trouble-log.ts';
import { createWorkQueue } from './work-queue.ts';

/** Events that wait to be made, fair to every namespace. */
export interface EventQueue {
  /** The Event is made soon. It takes the place of one of the same namespace and reason that still waits. */
  add(notice: Notice): void;
  /** The namespace is gone, and so is all that waits for it. */
  forget(namespace: string): void;
}

/**
 * How many Events are under way at once, one for each namespace: enough that a few namespaces in which an Event takes
 * until its timeout hold up no other, and few enough that ten thousand Events are no storm.
 */
const CONCURRENCY = 4;

/** How many Events may wait, of about 1 KiB each. */
const MOST_WAITING = 5_000;

/** An Event that failed is dropped; the next one of its namespace waits. */
const BACK_OFF: BackOff = { baseMs: 1_000, capMs: 60_000 };

export function createEventQueue(
  options: Pick<RenewerContext, 'clock' | 'random' | 'logger' | 'metrics'> & {
    readonly notify: Notify;
    readonly signal: AbortSignal;
    /** How many Events may wait; for tests. */
    readonly mostWaiting?: number;
  },
): EventQueue {
  const { notify, metrics, signal, mostWaiting = MOST_WAITING } = options;
  const overflow = createTroubleLog(options, 'too many Events wait; the log alone has this one');
  /** By namespace and reason. */
  const waiting = new Map<string, Map<string, Notice>>();
  let count = 0;
  const queue = createWorkQueue({
    ...options,
    work: makeNext,
    concurrency: CONCURRENCY,
    retry: () => BACK_OFF,
  });

  async function makeNext(namespace: string): Promise<void> {
    const notice = takeNext(namespace);
    if (!notice) return;
    const isMade = await notify(notice);
    if (signal.aborted) return;
    metrics.events.inc({ result: isMade ? 'success' : 'error' });
    if (!isMade) throw new Error('the next Event of this namespace waits');
    if (waiting.has(namespace)) queue.add(namespace, 'routine');
  }

  function takeNext(namespace: string): Notice | undefined {
    const notices = waiting.get(namespace);
    const [notice] = notices?.values() ?? [];
    if (!notices || !notice) return undefined;
    notices.delete(notice.reason);
    count -= 1;
    if (notices.size === 0) waiting.delete(namespace);
    return notice;
  }

  return {
    add: (notice) => {
      const { namespace, reason } = notice;
      const notices = waiting.get(namespace) ?? new Map<string, Notice>();
      if (!notices.has(reason)) {
        if (count >= mostWaiting) {
          metrics.events.inc({ result: 'dropped' });
          return overflow.report(new Error(`${count} Events wait`));
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
