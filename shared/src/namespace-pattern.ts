import { createError } from './errors.ts';
import { matchesWildcards } from './wildcards.ts';

/** A parsed `TARGET_NAMESPACE` or `EXCLUDE_NAMESPACE`. */
export interface NamespacePattern {
  /** The entries in order, without blanks. */
  readonly entries: readonly string[];
  /** Whether an entry matches the whole name, case-sensitively. */
  matches(namespace: string): boolean;
}

/** An entry: the characters of a namespace name (RFC 1123 label) and the two wildcards. */
const ENTRY = /^[a-z0-9*?-]+$/;

/**
 * Parses the list syntax of nabsul/k8s-ecr-login-renew: entries are separated by `,`, `;` or newline; blanks
 * are ignored everywhere; `*` matches any number of characters and `?` exactly one; empty entries are ignored.
 *
 * @throws ECRPS_CONFIGURATION_INVALID if an entry can never match the name of a namespace
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
