import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { type RenewerFacts, renewerFactsSchema } from '@ecr-pull-secrets/shared/renewer-facts.ts';
import { createKeyring } from '@ecr-pull-secrets/shared/keyring.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import { FACTS_FILE } from '@ecr-pull-secrets/shared/names.ts';
import { parseNamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';

/** The renewer's facts, as questions. */
export interface KnownFacts {
  /**
   * Whether a token covers an image, given by its full name without tag and digest. True for every image
   * while the renewer does not know its registries.
   */
  readonly covers: (imageName: string) => boolean;
  /** Whether `EXCLUDE_NAMESPACE` keeps the secret out of a namespace. */
  readonly excludes: (namespace: string) => boolean;
}

/** `facts.json`, as far as it is known. */
export interface FactsFile {
  /** From memory; `undefined` where there is no file, or none that can be read. */
  readonly current: () => KnownFacts | undefined;
  /** Reads the file again. Never rejects: what is wrong is logged once. */
  readonly check: () => Promise<void>;
}

/**
 * Opens the renewer's facts in `directory`. A file that cannot be read counts as absent: to say
 * nothing is always safe, while an old fact may have become wrong.
 */
export function openFactsFile(directory: string, logger: Logger): FactsFile {
  const path = join(directory, FACTS_FILE);
  let lastText: string | undefined;
  let facts: KnownFacts | undefined;
  let lastProblem: string | undefined;

  async function check(): Promise<void> {
    try {
      const text = await readIfPresent(path);
      if (text === lastText) return;
      lastText = text;
      facts = undefined;
      facts = text === undefined ? undefined : toKnownFacts(parseFacts(text));
      lastProblem = undefined;
    } catch (error) {
      facts = undefined;
      const problem = describeError(error);
      if (problem === lastProblem) return;
      lastProblem = problem;
      logger.warn({ path, problem }, 'facts of the renewer cannot be read; working without them');
    }
  }

  return { current: () => facts, check };
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseFacts(text: string): RenewerFacts {
  const result = renewerFactsSchema.safeParse(JSON.parse(text));
  if (result.success) return result.data;
  const fields = result.error.issues.map((issue) => issue.path.join('.') || 'the document');
  throw new Error(`unexpected ${fields.join(', ')}`);
}

function toKnownFacts({ registries, excludedNamespaces }: RenewerFacts): KnownFacts {
  const isCovered = createKeyring(registries);
  const excluded = parseNamespacePattern(excludedNamespaces.join(','));
  return {
    covers: (imageName) => registries.length === 0 || isCovered(imageName),
    excludes: (namespace) => excluded.matches(namespace),
  };
}
