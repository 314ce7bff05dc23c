import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requestApi } from '../src/local-cluster/api-request.ts';
import type { LocalCluster } from '../src/local-cluster/cluster.ts';

/** All series of one of the API server's metrics, as lines; none if it was never counted. */
export async function seriesOfMetric(cluster: LocalCluster, name: string): Promise<readonly string[]> {
  const { body } = await requestApi({ ...cluster, token: cluster.adminToken }, '/metrics');
  return body.split('\n').filter((line) => line.startsWith(`${name}{`));
}

/** Their sum, or that of those with a label. */
export async function sumOfMetric(cluster: LocalCluster, name: string, label = ''): Promise<number> {
  const lines = (await seriesOfMetric(cluster, name)).filter((line) => line.includes(label));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** How many pods passed without the webhook's word, because the call failed under `Ignore`. */
export function countFailOpen(cluster: LocalCluster): Promise<number> {
  return sumOfMetric(cluster, 'apiserver_admission_webhook_fail_open_count');
}

/** Why calls failed under `Ignore`, in the API server's own words; the latest ten. */
export async function reasonsOfFailOpen({ directory }: LocalCluster): Promise<readonly string[]> {
  const log = await readFile(join(directory, 'kube-apiserver.log'), 'utf8');
  return log
    .split('\n')
    .filter((line) => /failed calling webhook/i.test(line))
    .slice(-10);
}
