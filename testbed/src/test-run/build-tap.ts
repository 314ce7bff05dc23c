import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runTap } from './run-tap.ts';

/**
 * Builds tap with the plugins that package.json names, once for each installation: it takes 7 s of CPU. Without a
 * build, tap's first run has its TypeScript plugin, which does not work with TypeScript 7.
 */
export async function buildTap(checkout: string): Promise<void> {
  const folder = join(checkout, 'node_modules', '.cache');
  const stamp = join(folder, `tap-built-${await hashOfPlugins(checkout)}`);
  if (existsSync(stamp)) return;
  const exitCode = await runTap(checkout, ['build']);
  if (exitCode !== 0) throw new Error(`"tap build" ended with exit code ${exitCode}`);
  await mkdir(folder, { recursive: true });
  await writeFile(stamp, '');
}

async function hashOfPlugins(checkout: string): Promise<string> {
  const { tap, devDependencies } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8'));
  const hash = createHash('sha256').update(JSON.stringify([tap.plugin, devDependencies.tap]));
  return hash.digest('hex').slice(0, 16);
}
