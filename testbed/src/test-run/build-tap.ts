import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BUNDLED_PACKAGES, bundledPackagePath } from './bundled-packages.ts';
import { bundlePackages } from './bundle-packages.ts';
import { runTap } from './run-tap.ts';

/**
 * Builds tap with the plugins that package.json names, and what test files import as one file, once for each
 * installation: tap takes 7 s of CPU. Without a build, tap's first run has its TypeScript plugin, which does not work
 * with TypeScript 7.
 */
export async function buildTap(checkout: string): Promise<void> {
  const folder = join(checkout, 'node_modules', '.cache');
  const stamp = join(folder, `tap-built-${await hashOfInstallation(checkout)}`);
  // npm may remove what it did not install.
  const paths = BUNDLED_PACKAGES.map((name) => bundledPackagePath(checkout, name));
  if ([stamp, ...paths].every((path) => existsSync(path))) return;
  const exitCode = await runTap(checkout, ['build']);
  if (exitCode !== 0) throw new Error(`"tap build" ended with exit code ${exitCode}`);
  await bundlePackages(checkout);
  await mkdir(folder, { recursive: true });
  await writeFile(stamp, '');
}

async function hashOfInstallation(checkout: string): Promise<string> {
  const { tap } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8'));
  const hash = createHash('sha256').update(JSON.stringify(tap.plugin));
  hash.update(await readFile(join(checkout, 'package-lock.json')));
  return hash.digest('hex').slice(0, 16);
}
