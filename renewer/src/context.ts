import type { Clock } from '@ecr-pull-secrets/shared/clock.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import type { RenewerConfiguration } from './configuration.ts';
import type { KubeClient } from './kube/client.ts';
import type { RenewerMetrics } from './metrics.ts';
import type { Observed } from './observed.ts';
import type { KnownSecret } from './webhook-certificate/authority-secret.ts';

/** What all parts of the renewer share. */
export interface RenewerContext {
  readonly configuration: RenewerConfiguration;
  readonly client: KubeClient;
  /** The webhook's certificate authority, as every replica sees its Secret. */
  readonly authority: Observed<KnownSecret>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: RenewerMetrics;
}
