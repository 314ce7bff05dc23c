import { createImageMatcher, imagesOf } from '@ecr-pull-secrets/server/admission/image-matcher.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { podsPath } from '@ecr-pull-secrets/kube/object-names.ts';
import { podToTry, readTriedPod } from '@ecr-pull-secrets/renewer/commands/self-test/tried-pod.ts';
import { namesOf, type Pod } from './objects.ts';

/**
 * The pull secrets of a pod with the labels, the annotations and an ECR image of this one if it were created now. The
 * API server calls webhooks and policies, and stores nothing.
 */
export async function dryRun(client: KubeClient, namespace: string, pod: Pod | undefined): Promise<readonly string[]> {
  const image = imagesOf(pod).find(createImageMatcher([]));
  const tried = { ...readTriedPod('{}'), ...(image ? { image } : {}), labels: pod?.metadata.labels ?? {} };
  const { spec } = await client.request<Pod>({
    method: 'POST',
    path: podsPath(namespace),
    query: { dryRun: 'All' },
    body: podToTry(tried),
  });
  return namesOf(spec.imagePullSecrets);
}
