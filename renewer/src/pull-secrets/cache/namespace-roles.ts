import { type NamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';
import { ROLE_ARN_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import type { Identity } from '../../credentials/identity.ts';

/** One line of the allow-list: namespaces that may use a role. */
export interface NamespaceRole extends Identity {
  readonly roleArn: string;
  readonly namespaces: NamespacePattern;
}

/** Whose credentials a namespace gets. */
export type NamespaceIdentity =
  | { readonly kind: 'default' }
  | { readonly kind: 'role'; readonly role: NamespaceRole }
  /** Its annotation names a role, quoted in part, that the allow-list does not allow here; it gets the default. */
  | { readonly kind: 'role-not-allowed'; readonly roleArn: string };

/**
 * Annotations may have 256 KiB, which is too much for memory, logs and Events. The account and the path of any real
 * ARN are within this length, and the advice still fits into the 1,024 characters of an Event.
 */
const QUOTED_ARN_LENGTH = 512;

/** One object for all namespaces without a role: there may be ten thousand. */
const DEFAULT_IDENTITY: NamespaceIdentity = Object.freeze({ kind: 'default' });

/** A text with one of these would take two bytes for each of its characters, or break a line of a log. */
const NOT_IN_AN_ARN = /[^\x20-\x7e]/g;

/**
 * Reads a namespace's role annotation. It counts only if the allow-list binds the role to that
 * namespace: anyone who can edit a namespace must not gain a role by it.
 */
export function identityOf(
  { name, annotations = {} }: ObjectMeta,
  allowed: readonly NamespaceRole[],
): NamespaceIdentity {
  const roleArn = annotations[ROLE_ARN_ANNOTATION];
  if (!roleArn) return DEFAULT_IDENTITY;
  const role = allowed.find((line) => line.roleArn === roleArn && line.namespaces.matches(name));
  return role ? { kind: 'role', role } : { kind: 'role-not-allowed', roleArn: quotable(roleArn) };
}

/** The role of a namespace that does not get the default credentials. */
export function roleOf(target: NamespaceIdentity | undefined): NamespaceRole | undefined {
  return target?.kind === 'role' ? target.role : undefined;
}

function quotable(roleArn: string): string {
  const end = roleArn.length > QUOTED_ARN_LENGTH ? '...' : '';
  const start = roleArn.slice(0, QUOTED_ARN_LENGTH).replace(NOT_IN_AN_ARN, '?');
  // A copy: a slice would keep the whole text in memory (V8's sliced strings).
  return Buffer.from(start + end).toString('latin1');
}
