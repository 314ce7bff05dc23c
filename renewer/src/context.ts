import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import type { RenewerConfiguration } from './config/configuration.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import type { RenewerMetrics } from './metrics.ts';
import type { WebhookTls } from './webhook-tls/webhook-tls.ts';

/** What all parts of the renewer share. */
export interface RenewerContext {
  readonly configuration: RenewerConfiguration;
  readonly client: KubeClient;
  readonly certificates: WebhookTls;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: RenewerMetrics;
}
