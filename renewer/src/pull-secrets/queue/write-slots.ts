import type { SlotLimits } from './worker-slots.ts';

/**
 * How pull secrets are written, by the renewer and by a single run. Ten at once fill ten thousand namespaces in minutes
 * and are polite. The API server takes milliseconds; where it takes longer it waits for somebody's admission webhook
 * (30 s each), which is that namespace's own matter: it leaves its place to others, and of such writes there are twenty
 * at once. Each of them holds a seat of the API server's priority level, so there are not more: what is over that
 * is given up for a while if others wait. An API server that is slow for all, though, must not have its writes given
 * up in vain: 3 s is what the lease may take, which is lost then.
 */
export const WRITE_SLOTS: SlotLimits = {
  concurrency: 10,
  slow: { afterMs: 300, places: 20, evictAfterMs: 3_000 },
};

/** From here on a person should know of it: an API server that takes as long for all would have cost us the lease. */
export const REMARKABLE_MS = 5_000;
