import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import {
  type RenewerFacts,
  MAXIMUM_FACTS_REGISTRIES,
} from '@ecr-pull-secrets/shared/renewer-facts.ts';
import { FACTS_FILE, REGISTRIES_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RenewerConfiguration } from '../config/configuration.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import { runReflector } from '@ecr-pull-secrets/kube/reflector.ts';
import type { PartialObject } from '@ecr-pull-secrets/kube/objects.ts';
import { createObservable, type Observable } from '@ecr-pull-secrets/shared/runtime/observable.ts';

const RETRY: BackOff = { baseMs: 1_000, capMs: 30_000 };

/** Only news wakes the writer; any long time is right. */
const LONGEST_SLEEP_MS = 3_600_000;

export interface RenewerFactsWriterOptions
  extends Pick<RenewerDependencies, 'client' | 'clock' | 'random' | 'logger'> {
  readonly configuration: RenewerConfiguration;
  readonly signal: AbortSignal;
}

/**
 * Every replica's part: keeps `facts.json` at what the webhook may tell people. Which registries are
 * covered stands in the settings or, where those name none, is known to the leader alone: it says so on
 * the checkpoint, whose metadata is followed here. Without a webhook there is nobody to tell.
 */
export async function runRenewerFactsWriter(options: RenewerFactsWriterOptions): Promise<void> {
  const { configuration } = options;
  if (configuration.tlsMode === 'none') return;
  const facts = createObservable(configuration.facts);
  const isSettled = configuration.registries.length > 0;
  await Promise.all([
    writeFacts(options, facts),
    ...(isSettled ? [] : [followCheckpoint(options, facts)]),
  ]);
}

async function followCheckpoint(
  { configuration, ...options }: RenewerFactsWriterOptions,
  facts: Observable<RenewerFacts>,
): Promise<void> {
  const { podNamespace: namespace, serviceName } = configuration;
  const take = (keys: string[]): void => {
    // More than the webhook reads count as not known, which holds nothing against any image.
    const registries = keys.length > MAXIMUM_FACTS_REGISTRIES ? [] : keys;
    facts.set({ ...configuration.facts, registries });
  };
  await runReflector<PartialObject, string[]>({
    ...options,
    path: `/api/v1/namespaces/${namespace}/secrets`,
    fieldSelector: `metadata.name=${serviceName}-tokens`,
    metadataOnly: true,
    reduce: ({ metadata }) => metadata.annotations?.[REGISTRIES_ANNOTATION]?.split(',') ?? [],
    // Tokens that were written stay in pull secrets when their checkpoint goes.
    handler: { replace: ([found]) => found && take(found), upsert: take, remove: () => undefined },
  });
}

async function writeFacts(
  options: RenewerFactsWriterOptions,
  facts: Observable<RenewerFacts>,
): Promise<void> {
  const { configuration, clock, random, logger, signal } = options;
  let failures = 0;
  while (!signal.aborted) {
    const current = facts.get();
    try {
      await replaceFile(configuration.factsDir, JSON.stringify(current));
      failures = 0;
      await facts.changedFrom(current, { clock, withinMs: LONGEST_SLEEP_MS, signal });
    } catch (error) {
      logger.warn({ err: error }, 'the facts for the webhook could not be written; will retry');
      await clock.sleep(backOffMs(failures++, RETRY, random), signal);
    }
  }
}

/** A reader never sees half of it. */
async function replaceFile(directory: string, text: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, FACTS_FILE);
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}
