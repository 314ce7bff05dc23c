/** Packs `dist/` as a plugin of kubectl and writes its manifest for krew into `krew/`: `main.ts TAG OWNER/REPOSITORY`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { BUNDLE_DIR } from '../bundle/bundle.ts';
import { versionOf } from '../release-check/release-check.ts';
import { krewManifest, PLUGIN_NAME } from './krew-manifest.ts';
import { krewProblems } from './krew-rules.ts';
import { packPlugin } from './pack-plugin.ts';

const OUTPUT = fileURLToPath(new URL('../../../krew', import.meta.url));

const [tag = '', repository = ''] = process.argv.slice(2);
const version = versionOf(tag);
if (version === undefined || !/^[\w.-]+\/[\w.-]+$/.test(repository)) {
  process.stderr.write('Usage: main.ts TAG OWNER/REPOSITORY, for example v0.1.0 example/ecr-pull-secrets\n');
  process.exit(2);
}
const { path, sha256 } = await packPlugin(BUNDLE_DIR, OUTPUT, version);
const manifest = krewManifest({ version, repository, sha256 });
const problems = krewProblems(parse(manifest), PLUGIN_NAME);
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exit(1);
const manifestPath = join(OUTPUT, `${PLUGIN_NAME}.yaml`);
await writeFile(manifestPath, manifest);
process.stdout.write(`wrote ${path} and ${manifestPath}\n`);
