import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, isSystemError } from '@ecr-pull-secrets/shared/errors.ts';
import { type RenewerFacts, renewerFactsSchema } from '@ecr-pull-secrets/shared/renewer-facts.ts';
import { createKeyring } from '@ecr-pull-secrets/shared/keyring.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import { FACTS_FILE } from '@ecr-pull-secrets/shared/names.ts';
import { parseNamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';
import type { WebhookConfiguration } from './configuration.ts';

/** What the renewer's `facts.json` says. */
export interface Facts {
  /**
   * Whether a token covers an image, named in full without tag and digest. True for every image
   * if the file lists no registries, because the renewer has not read them yet.
   */
  readonly covers: (imageName: string) => boolean;
  /** Whether `EXCLUDE_NAMESPACE` matches a namespace, so that it gets no secret. */
  readonly excludes: (namespace: string) => boolean;
}

/** The file, as it was last read. */
export type FactsFile = ReturnType<typeof openFactsFile>;

/**
 * Opens the renewer's facts. A file that cannot be read counts as absent: an old fact may have become wrong, while
 * without facts only warnings are missing.
 */
export function openFactsFile(
  { logger }: { readonly logger: Logger },
  { factsDirectory }: Pick<WebhookConfiguration, 'factsDirectory'>,
) {
  const path = join(factsDirectory, FACTS_FILE);
  let lastText: string | undefined;
  let facts: Facts | undefined;
  let lastProblem: string | undefined;

  /** Reads the file again. Never rejects: each distinct problem is logged once. */
  async function check(): Promise<void> {
    try {
      const text = await readIfPresent(path);
      if (text === lastText) return;
      lastText = text;
      facts = undefined;
      facts = text === undefined ? undefined : toFacts(parseFacts(text));
      lastProblem = undefined;
    } catch (error) {
      facts = undefined;
      const problem = describeError(error);
      if (problem === lastProblem) return;
      lastProblem = problem;
      logger.warn({ path, problem }, 'reading the facts of the renewer failed, continuing without them');
    }
  }

  return {
    /** From memory; `undefined` if there is no readable file. */
    current: () => facts,
    check,
  };
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function parseFacts(text: string): RenewerFacts {
  const result = renewerFactsSchema.safeParse(JSON.parse(text));
  if (result.success) return result.data;
  const fields = result.error.issues.map((issue) => issue.path.join('.') || 'the document');
  throw new Error(`unexpected ${fields.join(', ')}`);
}

function toFacts({ registries, excludedNamespaces }: RenewerFacts): Facts {
  const isCovered = createKeyring(registries);
  const excluded = parseNamespacePattern(excludedNamespaces.join(','));
  return {
    covers: (imageName) => registries.length === 0 || isCovered(imageName),
    excludes: (namespace) => excluded.matches(namespace),
  };
}
