import { fullNameOf, registryOf } from '@ecr-pull-secrets/shared/image-reference.ts';
import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import type { KnownFacts } from '../renewer-facts.ts';
import { fieldOf, textOf } from './json-fields.ts';
import { imagesOf } from './pod-images.ts';
import { type AddOperation, pullSecretPatch } from './pull-secret-patch.ts';
import type { RegistryMatcher } from './registry-matcher.ts';

/**
 * The kubelet's mark on the API's copy of a static pod. It counts when it is there, even empty
 * (`pkg/kubelet/types/pod_update.go`); such a pod may reference no secret at all
 * (`plugin/pkg/admission/serviceaccount`).
 */
export const MIRROR_POD_ANNOTATION = 'kubernetes.io/config.mirror';

/** What is to happen to a new pod. */
export interface PodReview {
  /** `excluded`: it needs the secret, but its namespace gets none. */
  readonly outcome: 'patched' | 'noop' | 'excluded';
  /** Empty unless `patched`. */
  readonly patch: readonly AddOperation[];
  /** What the person who creates the pod should know, and can do. */
  readonly warnings: readonly string[];
}

/** Decides about a pod, of any shape, from memory alone. */
export type PodReviewer = (pod: unknown, namespace: string) => PodReview;

export interface PodReviewerOptions {
  readonly pullSecretName: string;
  readonly isOurRegistry: RegistryMatcher;
  /** Inject into every pod, so that `kubectl debug` can add a container with an ECR image later. */
  readonly injectAll: boolean;
  /** What the renewer knows by now. */
  readonly facts: () => KnownFacts | undefined;
}

const UNTOUCHED: PodReview = Object.freeze({ outcome: 'noop', patch: [], warnings: [] });

/** Makes the reviewer. Its decision is a function of the pod, the options and the facts. */
export function createPodReviewer(options: PodReviewerOptions): PodReviewer {
  const { pullSecretName, isOurRegistry, injectAll, facts } = options;
  return (pod, namespace) => {
    if (isMirrorPod(pod) || hasOptedOut(pod)) return UNTOUCHED;
    const images = imagesOf(pod).filter((image) => isOurRegistry(registryOf(image)));
    if (images.length === 0 && !injectAll) return UNTOUCHED;
    const known = facts();
    if (known?.excludes(namespace)) {
      return { outcome: 'excluded', patch: [], warnings: [excludedWarning(namespace)] };
    }
    const patch = pullSecretPatch(pod, pullSecretName);
    return {
      outcome: patch.length > 0 ? 'patched' : 'noop',
      patch,
      warnings: known ? uncoveredWarnings(images, known) : [],
    };
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
 * How many names of a pod are judged: more than a pod has that runs, and more than the API server passes on
 * warnings about. Anyone who may create pods can send 28,000, and each is compared with up to 200 keys.
 */
const MAX_JUDGED_NAMES = 100;

/** One for each registry, which names the first of its images that no key covers. */
function uncoveredWarnings(images: readonly string[], { covers }: KnownFacts): readonly string[] {
  const firsts = new Map<string, string>();
  for (const name of firstNamesOf(images)) {
    const registry = registryOf(name);
    if (!firsts.has(registry) && !covers(name)) firsts.set(registry, name);
  }
  return [...firsts].map(
    ([registry, name]) =>
      `ecr-pull-secrets: no token covers registry ${registry}, so its images may not pull; add it to the chart value "registries". Not covered: ${name}`,
  );
}

function firstNamesOf(images: readonly string[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const image of images) {
    names.add(fullNameOf(image));
    if (names.size === MAX_JUDGED_NAMES) break;
  }
  return names;
}
