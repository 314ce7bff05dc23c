import { EVENT_LIFETIME_MS } from '@ecr-pull-secrets/kube/event-recorder.ts';
import type { BackOff } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { SlotLimits } from './worker-slots.ts';

/**
 * The figures that pace the work on pull secrets. Each mechanism limits one thing:
 *
 * | mechanism | limits | for the sake of |
 * |---|---|---|
 * | `createRoutineWriteLimiter` | routine writes per second (a setting) | etcd |
 * | `createAttemptLimiter` | writes of the same content to one namespace, and reads of one secret | etcd, if another writer changes the secret again and again |
 * | `createWorkerSlots` | writes and Events in flight | the API server, and namespaces that are not slow |
 * | back-off of `createWorkQueue` | attempts in a namespace that failed | the API server |
 * | `createApiServerPause` (kube) | all attempts, after a failure of the API server itself | an API server that restarts |
 * | `createEventQueue` | Events that wait | our memory |
 */

/**
 * How many pull secrets the renewer and a single run write at once. Ten fill ten thousand namespaces in minutes and
 * are polite. The API server takes milliseconds for a write; if it takes longer, it waits for an admission webhook (up
 * to 30 s each) of that namespace: the namespace leaves its slot to others, and there are twenty slots for such
 * writes. Each of them holds a seat of the API server's priority level, so there are not more: a slow write without
 * such a slot is evicted if others wait, but not before 3 s, the timeout of a request for the lease: if the API server
 * is slow for all namespaces, the lease is lost then anyway.
 */
export const WRITE_SLOTS: SlotLimits = {
  concurrency: 10,
  slow: { afterMs: 300, slots: 20, evictAfterMs: 3_000 },
};

/** A write that takes longer is reported: if the API server took as long for all, the lease would be lost. */
export const SLOW_WRITE_MS = 5_000;

/**
 * How many Events are created at once, one for each namespace: few enough that ten thousand of them are no storm. The
 * API server takes milliseconds; if it takes longer, an admission webhook hangs until the timeout of 5 s. Such a
 * namespace leaves its slot to others after half a second and waits for one of the slots of slow namespaces, so
 * fifty of them delay the others by 50 / 4 * 0.5 = 6.25 s. An Event that was evicted may have been created; then it
 * is created twice.
 */
export const EVENT_SLOTS: SlotLimits = {
  concurrency: 4,
  slow: { afterMs: 300, slots: 16, evictAfterMs: 500 },
};

/** How many Events may wait, of about 1 KiB each. */
export const MAX_WAITING_EVENTS = 5_000;

/**
 * When a problem may have another Event. A refused write is tried again within five minutes, and only then is it known
 * that the problem lasts.
 */
export const REPEAT_EVENT_AFTER_MS = EVENT_LIFETIME_MS - 600_000;

/** After an Event that failed, the next one of its namespace waits. */
export const RETRY_EVENT: BackOff = { baseMs: 1_000, capMs: 60_000 };

/** A namespace that refuses its secret is retried ever more rarely: a person has to change something first. */
export const RETRY_REFUSED: BackOff = { baseMs: 5_000, capMs: 300_000 };

/** An API server that was away is back for all namespaces at once, which must be noticed soon. */
export const RETRY_FAILED: BackOff = { baseMs: 1_000, capMs: 15_000 };

/** The first write and three repairs: if a person edits or deletes a secret, the repair comes at once. */
export const FREE_WRITES = 4;

/** For repairs after the free ones: another tool that restores its own content at once must not meet full speed. */
export const REPAIR_BACK_OFF: BackOff = { baseMs: 1_000, capMs: 300_000 };

/** Without repairs for this long the conflict is over. Twice the longest wait, so that a wait does not count. */
export const REPAIRS_OVER_AFTER_MS = 2 * REPAIR_BACK_OFF.capMs;

/** How often the rotation releases a portion of the waiting namespaces. */
export const ROTATION_INTERVAL_MS = 100;

/** All namespaces are compared with the clock this often, for secrets that expire and tokens that came late. */
export const RESYNC_INTERVAL_MS = 30_000;
