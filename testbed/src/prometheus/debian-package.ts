import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { findOnPath } from '../local-cluster/executable.ts';
import type { Guardian } from '../local-cluster/guardian.ts';

interface Options {
  readonly guardian: Guardian;
  readonly environment: Environment;
}

/**
 * Downloads a package from where this machine gets its packages, and unpacks it in the guardian's folder. apt verifies
 * its signature. The lists of packages are fetched too: those of the machine may be absent or old, and only root may
 * replace them.
 *
 * @returns the folder with the package's files
 * @throws if this machine has no apt, or with the end of what apt or dpkg-deb wrote
 */
export async function unpackDebianPackage(name: string, options: Options): Promise<string> {
  const { directory } = options.guardian;
  const [lists, archives, files] = ['lists', 'archives', 'files'].map((part) => join(directory, part));
  if (!lists || !archives || !files) throw new Error('a folder has no path');
  for (const path of [lists, archives]) await mkdir(path);
  const ours = ['-qq', '--option', `Dir::State::Lists=${lists}`, '--option', `Dir::Cache=${archives}`];
  await run('apt-get', [...ours, 'update'], options);
  await run('apt-get', [...ours, 'download', name], options);
  const archive = (await readdir(directory)).find((file) => file.endsWith('.deb'));
  if (archive === undefined) throw new Error(`apt-get downloaded no package ${name}`);
  await run('dpkg-deb', ['--extract', join(directory, archive), files], options);
  return files;
}

/** In the guardian's folder, which is where apt puts a download. */
async function run(command: string, args: readonly string[], { guardian, environment }: Options): Promise<void> {
  const path = await findOnPath(command, environment['PATH'] ?? '');
  if (path === undefined) throw new Error(`there is no ${command} on PATH`);
  const child = guardian.spawn(path, args, { environment, stdio: ['ignore', 'ignore', 'pipe'] });
  const [[code], stderr] = await Promise.all([once(child, 'close'), child.stderr ? text(child.stderr) : '']);
  if (code !== 0) throw new Error(`${command} ${args.at(-1)} failed: ${stderr.trim().split('\n').slice(-3).join(' ')}`);
}
