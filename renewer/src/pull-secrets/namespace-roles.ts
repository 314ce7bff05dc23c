import { type NamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';
import { ROLE_ARN_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import type { ObjectMeta } from '../kube/objects.ts';
import type { Identity } from '../registry-tokens/registries.ts';

/** One line of the allow-list: namespaces that may use a role. */
export interface NamespaceRole extends Identity {
  readonly roleArn: string;
  readonly namespaces: NamespacePattern;
}

/** Whose credentials a namespace gets. */
export type NamespaceIdentity =
  | { readonly kind: 'default' }
  | { readonly kind: 'role'; readonly role: NamespaceRole }
  /** It asks for a role that the allow-list does not give it; it gets the default. */
  | { readonly kind: 'refused'; readonly roleArn: string };

/**
 * Reads a namespace's wish for a role. It counts only where the allow-list binds the role to that
 * namespace: whoever can edit a namespace must not gain a role by it.
 */
export function identityOf(
  { name, annotations = {} }: ObjectMeta,
  allowed: readonly NamespaceRole[],
): NamespaceIdentity {
  const roleArn = Object.hasOwn(annotations, ROLE_ARN_ANNOTATION)
    ? annotations[ROLE_ARN_ANNOTATION]
    : undefined;
  if (!roleArn) return { kind: 'default' };
  const role = allowed.find((line) => line.roleArn === roleArn && line.namespaces.matches(name));
  return role ? { kind: 'role', role } : { kind: 'refused', roleArn };
}
