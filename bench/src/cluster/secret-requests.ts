import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { readMetrics } from './api-server-metrics.ts';

/** How many requests for Secrets an API server has served. */
export interface SecretRequests {
  readonly applies: number;
  readonly reads: number;
}

/** Reads the metrics of the API server. Dry runs, which store nothing, do not count. */
export async function secretRequests(client: KubeClient): Promise<SecretRequests> {
  const metrics = await readMetrics(client);
  const count = (verb: string): number =>
    [...metrics.matchAll(/^apiserver_request_total\{([^}]*)\} (\d+)$/gm)]
      .filter(([, labels = '']) =>
        [`verb="${verb}"`, 'resource="secrets"', 'dry_run=""'].every((label) => labels.includes(label)),
      )
      .reduce((sum, [, , value]) => sum + Number(value), 0);
  return { applies: count('APPLY'), reads: count('GET') };
}
