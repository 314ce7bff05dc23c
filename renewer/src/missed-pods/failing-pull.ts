import { createImageMatcher } from '@ecr-pull-secrets/server/admission/image-matcher.ts';
import { fullNameOf, registryOf } from '@ecr-pull-secrets/shared/image-reference.ts';
import { controllerOf, type FoundPod, LONGEST_NAME } from './missed-pod.ts';
import type { Pod } from './pod-fields.ts';
import { failingImagesOf } from './pull-failures.ts';
import type { MissedPodsSettings } from './settings.ts';

/** Why a pull fails, as far as the renewer sees it: the reason of the Event, and the label of the metric. */
export const PULL_FAILURE_REASONS = ['RegistryNotCovered', 'PullFailed'] as const;

export type PullFailureReason = (typeof PULL_FAILURE_REASONS)[number];

/** A pod that names the pull secret, and whose image the kubelet cannot pull. */
export interface FailingPull extends FoundPod {
  readonly reason: PullFailureReason;
  /** Its host has the form of a registry, so it is safe in a message, unlike the rest of the image's name. */
  readonly registry: string;
}

/** Whether a token covers an image, named in full without tag and digest. */
export type Coverage = (imageName: string) => boolean;

/** How many images of a pod are compared with the tokens; more than a pod that runs has. */
const MOST_COMPARED_IMAGES = 100;

/**
 * Creates the rule that finds pods whose pull fails although they name the secret. Such a pod was not missed: a new one
 * in its place fails too.
 */
export function createFailingPullRule(
  { covers }: { readonly covers: Coverage },
  { pullSecretName, registryHosts }: Pick<MissedPodsSettings, 'registryHosts'> & { readonly pullSecretName: string },
): (pod: Pod) => FailingPull | undefined {
  const isEcrImage = createImageMatcher(registryHosts);
  return (pod) => {
    const { name, namespace = '', uid = '', deletionTimestamp } = pod.metadata;
    const namesSecret = pod.spec?.imagePullSecrets?.some((secret) => secret.name === pullSecretName);
    if (deletionTimestamp !== undefined || !namesSecret) return undefined;
    const images = failingImagesOf(pod).filter(isEcrImage).slice(0, MOST_COMPARED_IMAGES);
    const uncovered = images.find((image) => !covers(fullNameOf(image)));
    const image = uncovered ?? images[0];
    if (image === undefined) return undefined;
    return {
      namespace,
      name,
      uid,
      controller: controllerOf(pod),
      reason: uncovered === undefined ? 'PullFailed' : 'RegistryNotCovered',
      registry: registryOf(image).slice(0, LONGEST_NAME),
    };
  };
}
