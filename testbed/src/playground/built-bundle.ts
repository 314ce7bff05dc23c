import { createHash, randomUUID } from 'node:crypto';
import { glob, mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { bundle } from '@ecr-pull-secrets/scripts/bundle/bundle.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const CACHE_DIR = join(ROOT, 'node_modules', '.cache', 'ecr-pull-secrets');

/** Everything that can change the bundle: the sources, what they import as data, the bundler and the packages. */
const INPUTS = [
  '{cli,server,renewer,shared,kube,certs-scripts}/{*,src/**/*}.{ts,json}',
  'chart/*.json',
  'package-lock.json',
];

/** Longer than any run of the tests, so that no bundle is removed under a test that uses it. */
const UNUSED_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * Bundles the product, once for all tests of the same sources: a bundle costs 2.7 s of CPU, and about 30
 * tests need it.
 *
 * @param environment - what esbuild starts with
 * @returns the path of the entry
 */
export async function builtBundle(environment: Environment = process.env): Promise<string> {
  const directory = join(CACHE_DIR, `bundle-${await hashOfInputs(environment)}`);
  const entry = join(directory, 'main.mjs');
  if (await markUsed(directory)) return entry;
  await removeUnused();
  const building = join(CACHE_DIR, `building-${randomUUID()}`);
  await bundle(building);
  // If another test was faster, its bundle is the same.
  await rename(building, directory).catch(() => rm(building, { recursive: true }));
  return entry;
}

async function hashOfInputs(environment: Environment): Promise<string> {
  const hash = createHash('sha256');
  // The esbuild package starts this one in place of its own.
  hash.update(environment['ESBUILD_BINARY_PATH'] ?? '');
  const paths: string[] = [];
  for await (const path of glob(INPUTS, { cwd: ROOT })) paths.push(path);
  for (const path of paths.toSorted()) {
    hash.update(`${path}\0`).update(await readFile(join(ROOT, path)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** @returns whether the folder exists */
function markUsed(directory: string): Promise<boolean> {
  const now = new Date(systemClock.now());
  return utimes(directory, now, now).then(
    () => true,
    () => false,
  );
}

async function removeUnused(): Promise<void> {
  await mkdir(CACHE_DIR, { recursive: true });
  const unusedSinceMs = systemClock.now() - UNUSED_AFTER_MS;
  for (const name of await readdir(CACHE_DIR)) {
    const path = join(CACHE_DIR, name);
    // Another test may have removed it already.
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
    if (mtimeMs < unusedSinceMs) await rm(path, { recursive: true, force: true });
  }
}
