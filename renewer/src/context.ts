import type { Clock } from '@ecr-pull-secrets/shared/clock.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import type { RenewerConfiguration } from './configuration.ts';
import type { KubeClient } from './kube/client.ts';
import type { RenewerMetrics } from './metrics.ts';
import type { CertificateDuties } from './webhook-certificate/duties.ts';

/** What all parts of the renewer share. */
export interface RenewerContext {
  readonly configuration: RenewerConfiguration;
  readonly client: KubeClient;
  readonly certificates: CertificateDuties;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: RenewerMetrics;
}
