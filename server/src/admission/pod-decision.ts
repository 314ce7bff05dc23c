import { fullNameOf, registryOf } from '@ecr-pull-secrets/shared/image-reference.ts';
import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import type { WebhookConfiguration } from '../configuration.ts';
import type { Facts, FactsFile } from '../renewer-facts.ts';
import { fieldOf, textOf } from './json-fields.ts';
import { createImageMatcher, imagesOf } from './image-matcher.ts';
import { type AddOperation, pullSecretPatch } from './pull-secret-patch.ts';

/**
 * The kubelet's mark on the API's copy of a static pod. It counts even if it is empty
 * (`pkg/kubelet/types/pod_update.go`); such a pod may reference no secret at all
 * (`plugin/pkg/admission/serviceaccount`).
 */
export const MIRROR_POD_ANNOTATION = 'kubernetes.io/config.mirror';

/** What happens to a new pod. */
export interface PodDecision {
  /** `excluded`: the pod needs the secret, but its namespace gets none. */
  readonly outcome: 'patched' | 'noop' | 'excluded';
  /** Empty unless `patched`. */
  readonly patch: readonly AddOperation[];
  /** For the person who creates the pod: what may fail, and what to do. */
  readonly warnings: readonly string[];
  /** Whether the pod gets the secret, and an image of it has a registry that no token covers. */
  readonly hasUncoveredImage: boolean;
}

/** Decides about a pod, of any shape, from memory alone. */
export type PodDecider = (pod: unknown, namespace: string) => PodDecision;

export type PodDeciderSettings = Pick<WebhookConfiguration, 'pullSecretName' | 'registryHosts' | 'injectAll'>;

const UNCHANGED: PodDecision = Object.freeze({ outcome: 'noop', patch: [], warnings: [], hasUncoveredImage: false });

/** Creates the decider. Its decision is a function of the pod, the settings and the facts. */
export function createPodDecider(
  { facts }: { readonly facts: Pick<FactsFile, 'current'> },
  { pullSecretName, registryHosts, injectAll }: PodDeciderSettings,
): PodDecider {
  const needsPullSecret = createImageMatcher(registryHosts);
  return (pod, namespace) => {
    if (isMirrorPod(pod) || hasOptedOut(pod)) return UNCHANGED;
    const images = imagesOf(pod).filter(needsPullSecret);
    if (images.length === 0 && !injectAll) return UNCHANGED;
    const current = facts.current();
    if (current?.excludes(namespace)) {
      return { ...UNCHANGED, outcome: 'excluded', warnings: [excludedWarning(namespace)] };
    }
    const patch = pullSecretPatch(pod, pullSecretName);
    const warnings = current ? uncoveredWarnings(images, current) : [];
    const outcome = patch.length > 0 ? 'patched' : 'noop';
    return { outcome, patch, warnings, hasUncoveredImage: warnings.length > 0 };
  };
}

function isMirrorPod(pod: unknown): boolean {
  const annotations = fieldOf(fieldOf(pod, 'metadata'), 'annotations');
  return fieldOf(annotations, MIRROR_POD_ANNOTATION) !== undefined;
}

function hasOptedOut(pod: unknown): boolean {
  return textOf(fieldOf(fieldOf(pod, 'metadata'), 'labels'), INJECT_LABEL) === 'disabled';
}

function excludedWarning(namespace: string): string {
  return `ecr-pull-secrets: EXCLUDE_NAMESPACE matches namespace ${namespace}, so this pod gets no pull secret; change that setting, or the labels by which the namespace opts in`;
}

/**
 * How many image names of a pod are checked for a token: more than a pod that runs has, and more than the API server
 * passes on warnings about. Anyone who may create pods can send 28,000, and each is compared with up to 200 keys.
 */
const MAX_CHECKED_NAMES = 100;

/** One warning for each registry, which names the first of its images that no token covers. */
function uncoveredWarnings(images: readonly string[], { covers }: Facts): readonly string[] {
  const uncovered = new Map<string, string>();
  for (const name of firstNamesOf(images)) {
    const registry = registryOf(name);
    if (!uncovered.has(registry) && !covers(name)) uncovered.set(registry, name);
  }
  return [...uncovered].map(
    ([registry, name]) =>
      `ecr-pull-secrets: no token covers registry ${registry}, so its images may not pull; add it to the chart value "registries", with all others that pods use. Not covered: ${name}`,
  );
}

function firstNamesOf(images: readonly string[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const image of images) {
    names.add(fullNameOf(image));
    if (names.size === MAX_CHECKED_NAMES) break;
  }
  return names;
}
