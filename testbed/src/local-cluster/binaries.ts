import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { findOnPath, isExecutable } from './executable.ts';
import { buildBinaries } from './go-build.ts';
import type { Progress } from './progress.ts';
import {
  type BinaryName,
  CLUSTER_BINARIES,
  type ClusterBinary,
  readKubectlBuildPlan,
  readBuildPlan,
  type BuildPlan,
} from './build-plan.ts';
import { readSettings, type Settings } from './settings.ts';
import { whileAlone } from './while-alone.ts';

/** Absolute path of each binary. */
export type Binaries = Paths<ClusterBinary>;

type Paths<Name extends BinaryName> = Readonly<Record<Name, string>>;

export interface EnsureOptions {
  readonly progress: Progress;
  /** How often a build reports that it is still running. The default is each 15 s. */
  readonly progressIntervalMs?: number;
  readonly environment: Environment;
}

/**
 * Finds what the local cluster runs: in `KUBEBUILDER_ASSETS` if that is set (helm also on `PATH`),
 * else in the cache of an earlier run, else by building it into that cache. Of several processes
 * that find the cache empty one builds and the others wait for it.
 *
 * @throws if `KUBEBUILDER_ASSETS` lacks a binary, Go is missing or too old, or a build fails
 */
export async function ensureBinaries(options: EnsureOptions): Promise<Binaries> {
  const settings = readSettings(options.environment);
  const provided = await findProvided(settings);
  const readIt = (): Promise<BuildPlan<ClusterBinary>> => readBuildPlan(settings.kubernetesMinor);
  return ensure(CLUSTER_BINARIES, provided, readIt, options);
}

/**
 * Finds kubectl, which the cluster itself does without: in `KUBEBUILDER_ASSETS`, else as `ensureBinaries` does.
 * One on `PATH` is of any version, and prints other words.
 *
 * @returns its absolute path
 * @throws if Go is missing or too old, or the build fails
 */
export async function ensureKubectl(options: EnsureOptions): Promise<string> {
  const { assetsDirectory } = readSettings(options.environment);
  const provided = assetsDirectory ? await findIn(assetsDirectory, ['kubectl']) : {};
  return (await ensure(['kubectl'], provided, readKubectlBuildPlan, options)).kubectl;
}

async function ensure<Name extends BinaryName>(
  names: readonly Name[],
  provided: Partial<Paths<Name>>,
  readIt: () => Promise<BuildPlan<Name>>,
  options: EnsureOptions,
): Promise<Paths<Name>> {
  const isComplete = (paths: Partial<Paths<Name>>): paths is Paths<Name> =>
    names.every((name) => paths[name] !== undefined);
  if (isComplete(provided)) return provided;

  const buildPlan = await readIt();
  const directory = join(readSettings(options.environment).cacheDirectory, buildPlan.key);
  const find = async () => ({ ...(await findIn(directory, names)), ...provided });
  const cached = await find();
  if (isComplete(cached)) return cached;

  await mkdir(directory, { recursive: true });
  await whileAlone(`build in ${directory}`, options.progress, async () => {
    const found: Partial<Paths<Name>> = await find();
    const missing = names.filter((name) => !found[name]);
    await buildBinaries({ ...options, buildPlan, missing, directory });
  });
  const built = await find();
  if (isComplete(built)) return built;
  throw new Error(`binaries were removed from ${directory} while they were built: try again`);
}

async function findProvided({ assetsDirectory, path }: Settings): Promise<Partial<Binaries>> {
  if (!assetsDirectory) return {};
  const provided = await findIn(assetsDirectory, CLUSTER_BINARIES);
  const missing = CLUSTER_BINARIES.filter((name) => name !== 'helm' && !provided[name]);
  if (missing.length > 0) {
    throw new Error(
      `KUBEBUILDER_ASSETS=${assetsDirectory} has no ${missing.join(', no ')}: put what is missing there, or unset the variable to have everything built from source (setup-envtest brings no kube-controller-manager)`,
    );
  }
  const helm = provided.helm ?? (await findOnPath('helm', path));
  return helm ? { ...provided, helm } : provided;
}

async function findIn<Name extends BinaryName>(
  directory: string,
  names: readonly Name[],
): Promise<Partial<Paths<Name>>> {
  const found: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const path = join(directory, name);
    if (await isExecutable(path)) found[name] = path;
  }
  return found;
}
