import type { KubeApi, Pod } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';

/** Reports an image that cannot be pulled, as the kubelet does; the local node pulls none. */
export async function failToPull({ merge }: Pick<KubeApi, 'merge'>, { metadata }: Pod, image: string): Promise<void> {
  const state = { waiting: { reason: 'ImagePullBackOff', message: 'no basic auth credentials' } };
  const containerStatuses = [{ name: 'app', state, image, imageID: '', ready: false, restartCount: 0, lastState: {} }];
  await merge(`/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`, {
    status: { phase: 'Pending', containerStatuses },
  });
}
