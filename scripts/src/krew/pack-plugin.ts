import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { archiveName } from './krew-manifest.ts';
import { ENTRY, LAUNCHER, PLUGIN_FILE } from './plugin-files.ts';

const run = promisify(execFile);

/** The same bytes on each machine and at each time. */
const REPRODUCIBLE = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0', '--mode=u=rwX,go=rX'];

/** The licence of the plugin, which krew requires in the archive, and of what it contains. */
const LICENSE = new URL('../../../LICENSE', import.meta.url);

/**
 * Packs the bundles as a plugin of kubectl.
 *
 * @param bundleDirectory - with `main.mjs`
 * @returns the path of the archive and its hash
 */
export async function packPlugin(bundleDirectory: string, outputDirectory: string, version: string) {
  const directory = await mkdtemp(join(tmpdir(), 'krew-'));
  try {
    await cp(bundleDirectory, directory, { recursive: true, filter: (path) => !path.endsWith('/compiled') });
    await cp(LICENSE, join(directory, 'LICENSE'));
    await writeFile(join(directory, `${PLUGIN_FILE}.mjs`), ENTRY);
    await writeFile(join(directory, PLUGIN_FILE), LAUNCHER, { mode: 0o755 });
    await mkdir(outputDirectory, { recursive: true });
    const path = join(outputDirectory, archiveName(version));
    await run('tar', [...REPRODUCIBLE, '--use-compress-program=gzip -9n', '-cf', path, '-C', directory, '.']);
    const sha256 = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    return { path, sha256 };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
