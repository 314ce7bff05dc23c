import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Test } from 'tap';
import { startGuardian } from '@ecr-pull-secrets/testbed/local-cluster/guardian.ts';
import { withoutSpawnHooks } from '@ecr-pull-secrets/testbed/local-node/containers/spawn-hooks.ts';
import type { Build } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { type PreviousRevision, ROOT } from './previous-revision.ts';

const PACKAGES = join(ROOT, 'node_modules');
const OWN = '@ecr-pull-secrets';

/**
 * Builds another revision as its own script does, with its own chart beside it, until the test is over.
 * The packages of others are those of this checkout: no test may need a registry.
 */
export async function makePreviousBuild(t: Pick<Test, 'teardown'>, { name }: PreviousRevision): Promise<Build> {
  const guardian = await startGuardian();
  t.teardown(() => guardian.close());
  const { directory } = guardian;
  const source = join(directory, 'source');
  const archive = join(directory, 'source.tar');
  await mkdir(source);
  await run(ROOT, 'git', 'archive', `--output=${archive}`, name);
  await run(source, 'tar', '-xf', archive);
  await linkPackages(source);
  await run(source, 'npm', 'run', '--silent', 'bundle');
  return {
    tag: 'previous',
    entry: join(source, 'dist', 'main.mjs'),
    chart: join(source, 'chart'),
  };
}

/** Lays out `node_modules` as npm did here. */
async function linkPackages(source: string): Promise<void> {
  const target = join(source, 'node_modules');
  await mkdir(target);
  for (const name of await readdir(PACKAGES)) {
    if (name !== OWN) await symlink(join(PACKAGES, name), join(target, name));
  }
  // npm's links to the workspaces are relative: the same ones lead to its own here.
  const verbatim = { recursive: true, verbatimSymlinks: true } as const;
  await cp(join(PACKAGES, OWN), join(target, OWN), verbatim);
  for (const workspace of await readdir(join(PACKAGES, OWN))) {
    // Another version than the one that all share.
    const nested = join(ROOT, workspace, 'node_modules');
    if (!existsSync(nested) || !existsSync(join(source, workspace))) continue;
    await symlink(nested, join(source, workspace, 'node_modules'));
  }
}

async function run(cwd: string, command: string, ...args: readonly string[]): Promise<void> {
  const child = withoutSpawnHooks(() => spawn(command, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] }));
  const [[code], said] = await Promise.all([once(child, 'close'), text(child.stderr)]);
  if (code !== 0) throw new Error(`${command} ${args[0]} ended with ${code}: ${said}`);
}
