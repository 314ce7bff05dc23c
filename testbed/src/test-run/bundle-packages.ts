import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { BUNDLED_PACKAGES, bundledPackagePath } from './bundled-packages.ts';

/** CommonJS packages call `require`, which ES modules do not have. */
const BANNER = [
  "import { createRequire as __createRequire } from 'node:module';",
  'const require = __createRequire(import.meta.url);',
].join('\n');

/** Writes each of the packages as one file, for `use-bundled-packages.ts`. It takes 4 s of CPU. */
export async function bundlePackages(checkout: string): Promise<void> {
  for (const name of BUNDLED_PACKAGES) {
    const path = bundledPackagePath(checkout, name);
    const building = `${path}.${process.pid}`;
    await build({
      stdin: { contents: entryOf(name), resolveDir: join(checkout, 'kube') },
      outfile: building,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node24',
      keepNames: true,
      banner: { js: BANNER },
      logLevel: 'warning',
    });
    await rename(building, path);
  }
}

function entryOf(name: (typeof BUNDLED_PACKAGES)[number]): string {
  const all = `export * from '${name}';`;
  return name === 'tap' ? `${all} export { default } from 'tap';` : all;
}
