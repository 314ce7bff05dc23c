import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { pagesOf } from '@ecr-pull-secrets/kube/list-page.ts';
import { podsPath } from '@ecr-pull-secrets/kube/object-names.ts';
import { imagesOf } from '@ecr-pull-secrets/server/admission/image-matcher.ts';
import { MIRROR_POD_ANNOTATION } from '@ecr-pull-secrets/server/admission/pod-decision.ts';
import type { PartialObjectMetadata } from '@ecr-pull-secrets/kube/objects.ts';
import type { Pod } from './objects.ts';

interface ListedPod extends PartialObjectMetadata {
  readonly spec: Pod['spec'];
}

/** The first pods of a namespace, by pages: a pod may have megabytes, and only what decides about it is kept. */
export async function readFirstPods(client: KubeClient, namespace: string, most: number): Promise<readonly Pod[]> {
  const settings = { path: podsPath(namespace), metadataOnly: false, reduce: whatDecides };
  const pods: Pod[] = [];
  for await (const page of pagesOf(client, settings)) {
    pods.push(...page);
    if (pods.length >= most) break;
  }
  return pods.slice(0, most);
}

function whatDecides(pod: ListedPod): Pod {
  const { name, labels = {}, annotations = {} } = pod.metadata;
  const { imagePullSecrets = [] } = pod.spec;
  const containers = imagesOf(pod).map((image) => ({ image }));
  const isMirror = MIRROR_POD_ANNOTATION in annotations;
  return {
    metadata: { name, labels, ...(isMirror ? { annotations: { [MIRROR_POD_ANNOTATION]: '' } } : {}) },
    spec: { imagePullSecrets, containers },
  };
}
