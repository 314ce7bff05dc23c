/**
 * The API server does not apply PodDisruptionBudgets to pending pods, so these figures are the budget. As the
 * controllers of Kubernetes create pods (`slowStartBatch`), the first eviction is one, and each portion whose
 * successors name the secret doubles the next one.
 */
export const LARGEST_PORTION = 20;

/**
 * A new leader evicts nothing for this long. After an outage of the webhook it leads some seconds before API
 * servers reach the webhook in its own pod: the successor would be missed too.
 */
export const START_AFTER_MS = 30_000;

/** How long the successors of a portion may take to appear. A controller takes seconds. */
export const SUCCESSOR_WITHIN_MS = 300_000;

/** After a portion that did not help, no pod is evicted for this long. */
export const PAUSE_MS = 600_000;

/**
 * A namespace in which a new pod was missed too, or in which there is none, is left alone for this long: anyone who
 * creates pods there can cause it, and must not stop the evictions in others for longer than a pause.
 */
export const BLOCKED_FOR_MS = 3_600_000;

/** How many namespaces are left alone at a time; beyond that nothing is evicted. */
export const MOST_BLOCKED = 1_000;

/** How long one eviction may take, of which an admission webhook may be a part, and how long a portion. */
export const EVICTION_TIMEOUT_MS = 5_000;
export const PORTION_WITHIN_MS = 10_000;

/** By how much our clock and that of the API server, which has whole seconds, may differ. */
export const CLOCK_SKEW_MS = 5_000;
