import type { Event, KubeApi } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';

/** The Events of a namespace about problems, without the one about the first write of its pull secret. */
export function warningsIn(api: KubeApi, namespace: string): Promise<readonly Event[]> {
  return api.list<Event>(`/api/v1/namespaces/${namespace}/events`, { fieldSelector: 'type=Warning' });
}
