import { requestApi } from '../../src/local-cluster/api-request.ts';
import type { LocalCluster } from '../../src/local-cluster/cluster.ts';

/** The sum of all series of one of the API server's metrics, or of those with a label; 0 where it was never counted. */
export async function sumOfMetric(
  cluster: LocalCluster,
  name: string,
  label = '',
): Promise<number> {
  const { body } = await requestApi({ ...cluster, token: cluster.adminToken }, '/metrics');
  const lines = body
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && line.includes(label));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** How many pods passed without the webhook's word, because the call failed under `Ignore`. */
export function countFailOpen(cluster: LocalCluster): Promise<number> {
  return sumOfMetric(cluster, 'apiserver_admission_webhook_fail_open_count');
}
