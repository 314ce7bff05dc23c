import assert from 'node:assert/strict';
import type { KubeApi } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { LOADED_NAMESPACE } from './pod-load.ts';
import { SECRET } from './pull-secret.ts';

/**
 * Creates a pod with an image from ECR, by default in the namespace of the load.
 *
 * @throws if it is refused, or does not get the pull secret's name
 */
export async function createInjected(api: KubeApi, namespace = LOADED_NAMESPACE): Promise<void> {
  const containers = [{ name: 'app', image: `${REGISTRY}/app` }];
  const { spec } = await api.createPod(namespace, { spec: { containers } });
  assert.deepEqual(spec.imagePullSecrets, [{ name: SECRET }]);
}
