import type { NamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import type { LabelSelector } from './label-selector.ts';

/** Which namespaces get the pull secret. */
export interface NamespaceRule {
  /** The opt-in label. */
  readonly selector: LabelSelector;
  /** `TARGET_NAMESPACE`: by name, besides the label. */
  readonly target: NamespacePattern;
  /** `EXCLUDE_NAMESPACE`: beats both. */
  readonly exclude: NamespacePattern;
}

/**
 * Whether a namespace gets the pull secret. One that is being deleted does not: the API server would
 * refuse the write.
 */
export function isTarget(namespace: ObjectMeta, rule: NamespaceRule): boolean {
  if (namespace.deletionTimestamp !== undefined) return false;
  if (rule.exclude.matches(namespace.name)) return false;
  return rule.selector.matches(namespace.labels ?? {}) || rule.target.matches(namespace.name);
}

/** Whether new pods of a target namespace get the name of the secret. */
export function hasOptedIn(namespace: ObjectMeta, rule: NamespaceRule): boolean {
  return isTarget(namespace, rule) && rule.selector.matches(namespace.labels ?? {});
}
