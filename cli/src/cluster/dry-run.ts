import { createImageMatcher, imagesOf } from '@ecr-pull-secrets/server/admission/image-matcher.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { podToTry, readTriedPod, tryPod } from '@ecr-pull-secrets/renewer/commands/self-test/tried-pod.ts';
import type { Pod } from './objects.ts';
import { type Read, read } from './read.ts';

/** A pod with the labels and an ECR image of this one, if there is one. */
export function podLike(pod: Pod | undefined) {
  const image = imagesOf(pod).find(createImageMatcher([]));
  return podToTry({ ...readTriedPod('{}'), ...(image ? { image } : {}), labels: pod?.metadata.labels ?? {} });
}

/** See `tryPod`. */
export function dryRun(
  client: KubeClient,
  namespace: string,
  pod: ReturnType<typeof podToTry>,
  signal?: AbortSignal,
): Promise<Read<readonly string[]>> {
  return read(`create pods in namespace ${namespace} (as a dry run)`, () => tryPod(client, namespace, pod, signal));
}

/** Whether a pod was rejected because the API server could not call our webhook, as its message says. */
export function isCallFailure(message: string): boolean {
  return /calling webhook "?inject\.ecr-pull-secrets\.io/.test(message);
}
