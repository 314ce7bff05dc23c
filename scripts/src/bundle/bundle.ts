import { rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { thirdPartyNotices } from './notices.ts';
import { unusedModules } from './unused-modules.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * The folder of the bundles: one entry, `main.mjs`, the chunks that its commands load, and the notices
 * that the licences of what is in them require.
 */
export const BUNDLE_DIR = fileURLToPath(new URL('../../../dist', import.meta.url));

/** CommonJS dependencies call `require` and read `__dirname`, which ES modules do not have. */
const COMMONJS_BANNER = [
  "import { createRequire as __createRequire } from 'node:module';",
  "import { dirname as __pathDirname } from 'node:path';",
  "import { fileURLToPath as __fileURLToPath } from 'node:url';",
  'const require = __createRequire(import.meta.url);',
  'const __filename = __fileURLToPath(import.meta.url);',
  'const __dirname = __pathDirname(__filename);',
].join('\n');

/**
 * Bundles the product into `outputDir`, replacing what is there.
 *
 * @returns the path of the entry
 */
export async function bundle(outputDir: string = BUNDLE_DIR): Promise<string> {
  await rm(outputDir, { recursive: true, force: true });
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL('../../../cli/src/main.ts', import.meta.url))],
    outdir: outputDir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    // "debug" uses it if it is there, and only developers have it: the bundle is the same without.
    external: ['supports-color'],
    plugins: [unusedModules],
    banner: { js: COMMONJS_BANNER },
    outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
    metafile: true,
    absWorkingDir: ROOT,
  });
  const notices = await thirdPartyNotices(Object.keys(metafile.inputs), ROOT);
  await writeFile(`${outputDir}/THIRD-PARTY-NOTICES.txt`, notices);
  return `${outputDir}/main.mjs`;
}
