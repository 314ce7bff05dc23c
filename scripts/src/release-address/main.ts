/** Writes where the release will be published into the chart and the pages: `npm run release-address -- OWNER/REPOSITORY`. */
import { readFile, writeFile } from 'node:fs/promises';
import { yamlField } from '../release-check/chart-fields.ts';
import { readReleasePages } from '../release-check/pages.ts';
import { chartOfRelease, pageOfRelease, valuesOfRelease } from './release-address.ts';

const ROOT = new URL('../../../', import.meta.url);

const [repository = ''] = process.argv.slice(2);
if (/^[\w.-]+\/[\w.-]+$/.test(repository)) {
  await writeAddress(repository);
} else {
  process.stderr.write('Usage: npm run release-address -- OWNER/REPOSITORY, as GitHub spells them\n');
  process.exitCode = 1;
}

async function writeAddress(source: string): Promise<void> {
  const chart = await readFile(new URL('chart/Chart.yaml', ROOT), 'utf8');
  const address = { source, version: yamlField(chart, 'version') ?? '' };
  const pages = await readReleasePages(ROOT);
  const values = await readFile(new URL('chart/values.yaml', ROOT), 'utf8');
  const changed = {
    ...Object.fromEntries(Object.entries(pages).map(([path, text]) => [path, pageOfRelease(path, text, address)])),
    'chart/Chart.yaml': chartOfRelease(chart, address),
    'chart/values.yaml': valuesOfRelease(values, address),
  };
  for (const [path, text] of Object.entries(changed)) await writeFile(new URL(path, ROOT), text);
  process.stdout.write('Now run: npm run chart-readme && npm run deploy-yaml\n');
}
