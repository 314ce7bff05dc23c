/** Prints the notes of a tag's release, or why the tag cannot be released: `main.ts TAG [IMAGE]`. */
import { readFile } from 'node:fs/promises';
import { readReleasePages } from './pages.ts';
import { type Manifest, type ReleaseFiles, releaseNotes, releaseProblems, versionOf } from './release-check.ts';

const ROOT = new URL('../../../', import.meta.url);

const [tag = '', image] = process.argv.slice(2);
const files = await readFiles();
const problems = releaseProblems(tag, files, image);
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exitCode = 1;
else process.stdout.write(`${releaseNotes(files.changelog, versionOf(tag) ?? '')}\n`);

function read(path: string): Promise<string> {
  return readFile(new URL(path, ROOT), 'utf8');
}

async function readFiles(): Promise<ReleaseFiles> {
  const root: Manifest = JSON.parse(await read('package.json'));
  const paths = ['package.json', ...(root.workspaces ?? []).map((name) => `${name}/package.json`)];
  const manifests = await Promise.all(paths.map(async (path) => [path, JSON.parse(await read(path))] as const));
  return {
    manifests: Object.fromEntries(manifests),
    chart: await read('chart/Chart.yaml'),
    values: await read('chart/values.yaml'),
    changelog: await read('CHANGELOG.md'),
    bake: await read('docker-bake.hcl'),
    pages: { ...(await readReleasePages(ROOT)), 'deploy.yaml': await read('deploy.yaml') },
  };
}
