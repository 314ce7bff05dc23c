import type { BackOff } from '@ecr-pull-secrets/shared/runtime/back-off.ts';

/** The phases of pods that are listed, each by a field selector. A pod in another phase has ended. */
export const PHASES = ['Pending', 'Running'] as const;

export type Phase = (typeof PHASES)[number];

/**
 * Between two lists. A pending pod is found within 60 s, of which the lists may take 20 s, and a running one, which has its
 * image, within 10 minutes. Pending pods are few, and running ones are most of a cluster.
 */
export const LIST_INTERVAL_MS: Readonly<Record<Phase, number>> = { Pending: 40_000, Running: 540_000 };

/** After a list that failed. */
export const RETRY_LIST: BackOff = { baseMs: 1_000, capMs: 60_000 };

/** Until the namespaces are known. */
export const WAIT_FOR_CACHE_MS = 1_000;

/**
 * Up to this many namespaces that opted in, the pods of each are listed; otherwise those of the whole cluster, since
 * a request for each of ten thousand namespaces costs more.
 */
export const MOST_LISTED_NAMESPACES = 20;

/** How many Events about missed pods are created after each list of pending pods: 60 per minute. */
export const EVENTS_PER_LIST = 40;

/** How long these Events may take together. Where an admission webhook hangs, each takes 5 s, and the others wait. */
export const EVENTS_WITHIN_MS = 10_000;

/**
 * How many missed pods of each phase wait for their first Event, and as many for another one, of less than 2 KiB each; the
 * next list finds the others.
 */
export const MOST_WAITING = 1_000;

/** Of one namespace, so that anyone who creates pods there does not fill the places of others. */
export const MOST_WAITING_OF_NAMESPACE = 50;

/**
 * API servers delete an Event after an hour by default, and the next list of running pods may be ten minutes away.
 * EcrPullSecretsRunningPodsMissed fires only after an hour.
 */
export const REPEAT_AFTER_MS = 3_600_000 - LIST_INTERVAL_MS.Running - 60_000;

/** Of how many missed pods it is stored that they have their Event, of about 200 bytes each. Others get none. */
export const MOST_REPORTED = 10_000;
export const MOST_REPORTED_OF_NAMESPACE = 200;

/** A reported pod that no list has shown for this long is gone: both lists of running pods failed to show it. */
export const FORGET_AFTER_MS = 2 * LIST_INTERVAL_MS.Running + 60_000;

/** How many missed pods that may be evicted are kept of a list. */
export const MOST_CANDIDATES = 500;
