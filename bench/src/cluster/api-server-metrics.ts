import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';

/** The metrics of an API server, in the format of Prometheus. */
export function readMetrics(client: KubeClient): Promise<string> {
  return client.request<string>({ method: 'GET', path: '/metrics', accept: 'text/plain', parse: String });
}
