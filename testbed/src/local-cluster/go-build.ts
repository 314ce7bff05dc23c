import { once } from 'node:events';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { findOnPath } from './executable.ts';
import { type Guardian, startGuardian } from './guardian.ts';
import { formatDuration, type Progress } from './progress.ts';
import type { BinaryName, BuildPlan } from './build-plan.ts';

export interface BuildOptions<Name extends BinaryName = BinaryName> {
  readonly buildPlan: BuildPlan<Name>;
  readonly missing: readonly Name[];
  /** Where finished binaries go; nothing half-built is ever seen there under a binary's name. */
  readonly directory: string;
  readonly environment: Environment;
  readonly progress: Progress;
  /** How often a build reports that it is still running. The default is each 15 s. */
  readonly progressIntervalMs?: number;
}

/** Often enough to show life, seldom enough for a log that is kept. */
const PROGRESS_INTERVAL_MS = 15_000;
/** What a person can use of a failed build's output. */
const ERROR_LINES = 15;
/** From this version on Go fetches the version that `go.mod` names (go.dev/doc/toolchain). */
const SELF_UPDATING_GO_MINOR = 21;

/**
 * Builds the missing binaries one after the other and shows how far it is. What was finished stays
 * when a later one fails, and Go's own cache keeps the rest of the work.
 *
 * @throws if Go is missing or too old, or with the end of Go's output if a build fails
 */
export async function buildBinaries<Name extends BinaryName>(options: BuildOptions<Name>): Promise<void> {
  const { missing, directory, progress, buildPlan } = options;
  if (missing.length === 0) return;
  // Inside the cache, so that a finished binary can be renamed into place.
  const guardian = await startGuardian(directory);
  try {
    const go = await findGo(options, guardian);
    progress(
      [
        `Building ${missing.join(', ')} of Kubernetes ${buildPlan.kubernetesVersion} for the local cluster:`,
        `they are in neither KUBEBUILDER_ASSETS nor ${directory}.`,
        `This happens once; ${buildPlan.duration}.`,
      ].join(' '),
    );
    for (const [index, name] of missing.entries()) {
      await buildOne({ ...options, go, guardian, name, step: `${index + 1} of ${missing.length}` });
    }
  } finally {
    await guardian.close();
  }
}

interface StepOptions<Name extends BinaryName> extends BuildOptions<Name> {
  readonly go: string;
  readonly guardian: Guardian;
  readonly name: Name;
  readonly step: string;
}

async function buildOne<Name extends BinaryName>(options: StepOptions<Name>): Promise<void> {
  const { buildPlan, directory, progress, go, guardian, name, step } = options;
  const { progressIntervalMs = PROGRESS_INTERVAL_MS } = options;
  const startedAt = systemClock.now();
  const soFar = (): string => formatDuration(systemClock.now() - startedAt);
  progress(`[${step}] ${name}: building`);
  const ticker = setInterval(() => progress(`[${step}] ${name}: ${soFar()} so far`), progressIntervalMs);
  try {
    const output = join(guardian.directory, name);
    const args = buildPlan.buildArguments(name, output);
    const cwd = buildPlan.moduleDirectoryOf(name);
    const { code, lines } = await runGo(options, { guardian, go, args, cwd });
    if (code !== 0) {
      const end = lines.slice(-ERROR_LINES).join('\n');
      throw new Error(`building ${name} failed after ${soFar()}; the end of Go's output:\n${end}`);
    }
    await rename(output, join(directory, name));
    progress(`[${step}] ${name}: done in ${soFar()}`);
  } finally {
    clearInterval(ticker);
  }
}

/** @throws if no Go that can execute the build plan is on PATH */
async function findGo<Name extends BinaryName>(options: BuildOptions<Name>, guardian: Guardian): Promise<string> {
  const { buildPlan, missing, environment } = options;
  const advice = [
    `Install Go ${buildPlan.goVersion} or newer (https://go.dev/dl/)`,
    'or set KUBEBUILDER_ASSETS to a folder that holds etcd, kube-apiserver, kube-controller-manager, helm and kubectl.',
  ].join(', ');
  const purpose = `to build ${missing.join(', ')} for the local cluster`;
  const go = await findOnPath('go', environment['PATH'] ?? '');
  if (!go) throw new Error(`Go is needed ${purpose}, and there is no "go" on PATH. ${advice}`);

  const { lines } = await runGo(options, { guardian, go, args: ['env', 'GOVERSION'] });
  const answer = lines.join(' ');
  const minor = Number(/^go1\.(\d+)/.exec(answer)?.[1]);
  if (minor >= SELF_UPDATING_GO_MINOR) return go;
  throw new Error(`a newer Go is needed ${purpose}: ${go} answers "${answer}". ${advice}`);
}

interface GoCommand {
  readonly guardian: Guardian;
  readonly go: string;
  readonly args: readonly string[];
  /** The default is the guardian's folder. */
  readonly cwd?: string;
}

/** Runs Go to its end and returns all its lines. */
async function runGo(
  { environment }: Pick<BuildOptions, 'environment'>,
  { guardian, go, args, cwd = guardian.directory }: GoCommand,
): Promise<{ readonly code: unknown; readonly lines: readonly string[] }> {
  const child = guardian.spawn(go, args, {
    cwd,
    environment: {
      ...environment,
      CGO_ENABLED: '0',
      // Flags and a workspace of a person's own would build something else. (Empty would mean unset.)
      GOFLAGS: '-mod=readonly',
      GOWORK: 'off',
      // Images with Go in them often forbid what a slightly older Go needs here.
      GOTOOLCHAIN: 'auto',
      TMPDIR: guardian.directory,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  const [code] = await once(child, 'close');
  return { code, lines };
}
