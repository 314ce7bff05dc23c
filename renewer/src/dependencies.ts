import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { RenewerMetrics } from './metrics.ts';

/** What the parts of the renewer share. Each part names those that it uses. */
export interface RenewerDependencies {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: RenewerMetrics;
}
