import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FACTS_FILE, REGISTRIES_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import { MAXIMUM_FACTS_REGISTRIES, type RenewerFacts } from '@ecr-pull-secrets/shared/renewer-facts.ts';
import { createObservable, type Observable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import { runReconcileLoop } from '@ecr-pull-secrets/shared/runtime/reconcile-loop.ts';
import { checkpointSecretName, nameSelector, secretsPath } from '@ecr-pull-secrets/kube/object-names.ts';
import type { PartialObjectMetadata } from '@ecr-pull-secrets/kube/objects.ts';
import { runReflector } from '@ecr-pull-secrets/kube/reflector.ts';
import type { RenewerConfiguration } from '../config/configuration.ts';
import type { RenewerDependencies } from '../dependencies.ts';

/** The file depends on no clock, so that a resync is only a precaution. */
const RESYNC_INTERVAL_MS = 3_600_000;

type RenewerFactsSettings = Pick<
  RenewerConfiguration,
  'facts' | 'factsDir' | 'registries' | 'tlsMode' | 'podNamespace' | 'serviceName'
>;

/**
 * Every replica's part: writes `facts.json`, which holds what the webhook may say in warnings. The registries that are
 * covered come from the settings or, if those name none, from the leader, which annotates the checkpoint with them;
 * its metadata is followed here. Without a webhook nothing reads the file.
 */
export async function runRenewerFactsWriter(
  dependencies: RenewerDependencies,
  settings: RenewerFactsSettings,
  signal: AbortSignal,
): Promise<void> {
  if (settings.tlsMode === 'none') return;
  const facts = createObservable(settings.facts);
  const writer = {
    name: 'renewer facts',
    inputs: [facts],
    resyncMs: RESYNC_INTERVAL_MS,
    retry: { baseMs: 1_000, capMs: 30_000 },
    reconcile: () => replaceFile(settings.factsDir, JSON.stringify(facts.get())),
  };
  const areRegistriesConfigured = settings.registries.length > 0;
  await Promise.all([
    runReconcileLoop(dependencies, writer, signal),
    areRegistriesConfigured || followCheckpoint(dependencies, settings, facts, signal),
  ]);
}

async function followCheckpoint(
  dependencies: RenewerDependencies,
  settings: RenewerFactsSettings,
  facts: Observable<RenewerFacts>,
  signal: AbortSignal,
): Promise<void> {
  const setRegistries = (keys: string[]): void => {
    // More than the webhook reads count as unknown: then it warns about no image.
    const registries = keys.length > MAXIMUM_FACTS_REGISTRIES ? [] : keys;
    facts.set({ ...settings.facts, registries });
  };
  await runReflector<PartialObjectMetadata, string[]>(
    dependencies,
    {
      path: secretsPath(settings.podNamespace),
      fieldSelector: nameSelector(checkpointSecretName(settings.serviceName)),
      metadataOnly: true,
      reduce: ({ metadata }) => metadata.annotations?.[REGISTRIES_ANNOTATION]?.split(',') ?? [],
      handler: {
        replace: ([found]) => found && setRegistries(found),
        upsert: setRegistries,
        // Tokens that were written stay in pull secrets after their checkpoint is deleted.
        remove: () => undefined,
      },
    },
    signal,
  );
}

/** By a rename, so that a reader never sees half of it. */
async function replaceFile(directory: string, text: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, FACTS_FILE);
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}
