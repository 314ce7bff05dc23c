import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { claim, waitForRelease } from './claim.ts';
import { findOnPath, isExecutable } from './executable.ts';
import { buildBinaries } from './go-build.ts';
import type { Progress } from './progress.ts';
import { BINARY_NAMES, type BinaryName, readRecipe } from './recipe.ts';
import { readSettings, type Settings } from './settings.ts';

/** Absolute path of each binary. */
export type Binaries = Readonly<Record<BinaryName, string>>;

export interface EnsureOptions {
  readonly progress: Progress;
  /** How often a build tells that it still goes on; each 15 s unless told. */
  readonly progressIntervalMs?: number;
  readonly environment: Environment;
}

/**
 * Finds what the local cluster runs: in `KUBEBUILDER_ASSETS` where that is set (helm also on `PATH`),
 * else in the cache of an earlier run, else by building it into that cache. Of several processes
 * that find the cache empty one builds and the others wait for it.
 *
 * @throws where `KUBEBUILDER_ASSETS` lacks a binary, Go is missing or too old, or a build fails
 */
export async function ensureBinaries(options: EnsureOptions): Promise<Binaries> {
  const { progress, environment } = options;
  const settings = readSettings(environment);
  const provided = await findProvided(settings);
  if (isComplete(provided)) return provided;

  const recipe = await readRecipe(settings.kubernetesMinor);
  const directory = join(settings.cacheDirectory, recipe.key);
  const cached = await findCached(directory, provided);
  if (isComplete(cached)) return cached;

  await mkdir(directory, { recursive: true });
  await whileAlone(`build in ${directory}`, progress, async () => {
    const found = await findCached(directory, provided);
    const missing = BINARY_NAMES.filter((name) => !found[name]);
    await buildBinaries({ ...options, recipe, missing, directory });
  });
  const built = await findCached(directory, provided);
  if (isComplete(built)) return built;
  throw new Error(`somebody removed binaries from ${directory} while they were built: try again`);
}

async function findProvided({ assetsDirectory, path }: Settings): Promise<Partial<Binaries>> {
  if (!assetsDirectory) return {};
  const provided = await findIn(assetsDirectory);
  const missing = BINARY_NAMES.filter((name) => name !== 'helm' && !provided[name]);
  if (missing.length > 0) {
    throw new Error(
      `KUBEBUILDER_ASSETS=${assetsDirectory} has no ${missing.join(', no ')}: put what is missing there, or unset the variable to have everything built from source (setup-envtest brings no kube-controller-manager)`,
    );
  }
  const helm = provided.helm ?? (await findOnPath('helm', path));
  return helm ? { ...provided, helm } : provided;
}

async function findCached(
  directory: string,
  provided: Partial<Binaries>,
): Promise<Partial<Binaries>> {
  return { ...(await findIn(directory)), ...provided };
}

async function findIn(directory: string): Promise<Partial<Binaries>> {
  const found: Partial<Record<BinaryName, string>> = {};
  for (const name of BINARY_NAMES) {
    const path = join(directory, name);
    if (await isExecutable(path)) found[name] = path;
  }
  return found;
}

function isComplete(binaries: Partial<Binaries>): binaries is Binaries {
  return BINARY_NAMES.every((name) => binaries[name] !== undefined);
}

/** Does the work while nobody else on this machine does it; says so once when it has to wait. */
async function whileAlone(
  name: string,
  progress: Progress,
  work: () => Promise<void>,
): Promise<void> {
  let claimed = await claim(name);
  if (!claimed)
    progress('Another process builds the binaries of the local cluster: waiting for it.');
  while (!claimed) {
    await waitForRelease(name);
    claimed = await claim(name);
  }
  try {
    await work();
  } finally {
    claimed.release();
  }
}
