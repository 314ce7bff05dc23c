import { createImageMatcher } from '@ecr-pull-secrets/server/admission/image-matcher.ts';
import { createPodDecider } from '@ecr-pull-secrets/server/admission/pod-decision.ts';
import type { Pod } from './pod-fields.ts';
import { failingImagesOf } from './pull-failures.ts';
import { replaceCommand } from './replace-command.ts';
import type { MissedPodsSettings } from './settings.ts';

/** Why a pod was missed: the reason of its Event, and a label of the metric. */
export const MISSED_REASONS = ['PodOlderThanLabel', 'PodNotInjected'] as const;

export type MissedReason = (typeof MISSED_REASONS)[number];

/** A pod that a list found. */
export interface FoundPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The controller that creates it again, if there is one. */
  readonly controller: PodController | undefined;
}

/** A pod that needs the pull secret and does not name it; less than 2 KiB, whatever its creator wrote into it. */
export interface MissedPod extends FoundPod {
  readonly resourceVersion: string;
  readonly createdAtMs: number;
  readonly reason: MissedReason;
  /** The one command that replaces it. */
  readonly command: string;
  /** Whether the kubelet cannot pull an image of it that needs the secret. */
  readonly isPullFailing: boolean;
}

export interface PodController {
  readonly apiVersion: string;
  readonly kind: string;
  readonly uid: string;
}

/** The longest name of an object; an owner reference may have a longer one. */
export const LONGEST_NAME = 253;

const NO_FACTS = { current: () => undefined };

export type MissedPodRule = (pod: Pod, optedInAtMs: number) => MissedPod | undefined;

/**
 * Creates the rule that finds missed pods. Whether a pod needs the secret, and whether it opted out, is the decision of
 * the webhook itself (`createPodDecider`): it would patch a pod that was missed.
 *
 * @param settings - those of the injection
 */
export function createMissedPodRule(
  settings: Pick<MissedPodsSettings, 'podSelector' | 'registryHosts' | 'injectAll'> & {
    readonly pullSecretName: string;
  },
): MissedPodRule {
  const { podSelector, injectAll } = settings;
  const decide = createPodDecider({ facts: NO_FACTS }, settings);
  const isEcrImage = createImageMatcher(settings.registryHosts);

  return (pod, optedInAtMs) => {
    const { name, namespace = '', uid = '', resourceVersion = '', deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined || !podSelector.matches(pod.metadata.labels ?? {})) return undefined;
    if (decide(pod, namespace).outcome !== 'patched') return undefined;
    const createdAtMs = Date.parse(pod.metadata.creationTimestamp ?? '');
    return {
      namespace,
      name,
      uid,
      resourceVersion,
      createdAtMs,
      reason: createdAtMs < optedInAtMs ? 'PodOlderThanLabel' : 'PodNotInjected',
      command: replaceCommand(withNamedOwner(pod), namespace),
      controller: controllerOf(pod),
      isPullFailing: failingImagesOf(pod).some((image) => injectAll || isEcrImage(image)),
    };
  };
}

/** Without an owner that no object can have. */
function withNamedOwner({ metadata: { name, labels = {}, ownerReferences = [] } }: Pod) {
  const named = ownerReferences.filter((owner) => (owner.name?.length ?? 0) <= LONGEST_NAME);
  return { metadata: { name, labels, ownerReferences: named } };
}

/** The controller that creates a pod again. */
export function controllerOf({ metadata }: Pod): PodController | undefined {
  const { apiVersion, kind, uid } = metadata.ownerReferences?.find(({ controller }) => controller === true) ?? {};
  const isBounded = [apiVersion, kind, uid].every((text) => text !== undefined && text.length <= LONGEST_NAME);
  if (!isBounded || apiVersion === undefined || kind === undefined || uid === undefined) return undefined;
  return { apiVersion, kind, uid };
}
