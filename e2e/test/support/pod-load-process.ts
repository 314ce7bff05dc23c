/** The settings of the process that makes the load, as JSON in its variable `POD_LOAD`. */
export interface LoadSettings {
  readonly serverUrl: string;
  /** PEM by which the API server is trusted. */
  readonly ca: string;
  readonly token: string;
  readonly namespace: string;
  readonly image: string;
  /** The pull secret that each pod should name. */
  readonly secret: string;
  readonly perSecond: number;
}

/** What became of the pods. */
export interface LoadReport {
  /** How many were requested in a second, on average. */
  readonly perSecond: number;
  readonly asked: number;
  readonly created: number;
  readonly injected: number;
  /** When those were requested that were created without the secret. */
  readonly missedAtMs: readonly number[];
  /** Why pods were refused, each reason once. */
  readonly refusals: readonly string[];
  readonly slowestMs: number;
}

/** Printed by the process when the first pod is about to be created. */
export const STARTED = 'started\n';
