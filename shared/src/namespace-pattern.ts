import { createError } from './errors.ts';
import { matchesWildcards } from './wildcards.ts';

/** A parsed `TARGET_NAMESPACE` or `EXCLUDE_NAMESPACE`. */
export interface NamespacePattern {
  /** The entries as written, blanks removed, in order. */
  readonly entries: readonly string[];
  /** Whether any entry matches the whole name, case-sensitively. */
  matches(namespace: string): boolean;
}

/** What an entry may hold: the letters of a namespace name (RFC 1123 label) and the two wildcards. */
const ENTRY = /^[a-z0-9*?-]+$/;

/**
 * Reads the list syntax of nabsul/k8s-ecr-login-renew: entries split by `,`, `;` or newline; blanks
 * are ignored everywhere; `*` is any number of characters and `?` exactly one; empty entries are harmless.
 *
 * @throws ECRPS_CONFIGURATION_INVALID where an entry could never match a namespace's name
 */
export function parseNamespacePattern(text: string): NamespacePattern {
  const entries = text
    .replace(/[ \t\r\v]/g, '')
    .split(/[,;\n]/)
    .filter((entry) => entry !== '');
  for (const entry of entries) {
    if (!ENTRY.test(entry)) {
      throw createError(
        'ECRPS_CONFIGURATION_INVALID',
        `"${entry}" can match no namespace: names have only a-z, 0-9 and "-", besides the wildcards "*" and "?"`,
      );
    }
  }
  return {
    entries,
    matches: (namespace) => entries.some((entry) => matchesWildcards(entry, namespace)),
  };
}
