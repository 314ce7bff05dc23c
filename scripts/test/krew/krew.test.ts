import { execFile } from 'node:child_process';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { parse } from 'yaml';
import { krewManifest, PLUGIN_NAME } from '../../src/krew/krew-manifest.ts';
import { krewProblems } from '../../src/krew/krew-rules.ts';
import { packPlugin } from '../../src/krew/pack-plugin.ts';
import { ENTRY, PLUGIN_FILE } from '../../src/krew/plugin-files.ts';

const run = promisify(execFile);
const SHA256 = 'ab'.repeat(32);
const RELEASE = { version: '1.2.3', repository: 'example/ecr-pull-secrets', sha256: SHA256 };

t.test('the manifest is one that krew accepts', async (t) => {
  const manifest = parse(krewManifest(RELEASE));
  t.same(krewProblems(manifest, PLUGIN_NAME), []);
  t.match(manifest.spec, {
    version: 'v1.2.3',
    platforms: [
      { uri: `https://github.com/example/ecr-pull-secrets/releases/download/v1.2.3/${PLUGIN_FILE}-1.2.3.tar.gz` },
    ],
  });
  t.equal(PLUGIN_FILE, `kubectl-${PLUGIN_NAME.replaceAll('-', '_')}`, 'krew links the plugin by this name');
});

t.test('what krew refuses is found', async (t) => {
  const cases = [
    [{ kind: 'Other' }, /^kind: /],
    [{ metadata: { name: 'other' } }, /^metadata\.name: it is other, not ecr-pull-secrets$/],
    [{ metadata: { name: 'a b' } }, /^metadata\.name: /],
    [{ metadata: { name: 'CON' } }, /^metadata\.name: /],
    [specOf({ version: '1.2.3' }), /^spec\.version: /],
    [specOf({ shortDescription: 'two\nlines' }), /^spec\.shortDescription: /],
    [specOf({ platforms: [] }), /^spec\.platforms: /],
    [platformOf({ sha256: 'AB'.repeat(32) }), /\.sha256: /],
    [platformOf({ uri: '' }), /\.uri: /],
    [platformOf({ bin: '' }), /\.bin: /],
    [platformOf({ files: [] }), /\.files: /],
    [platformOf({ selector: {} }), /\.selector: it is empty/],
    [platformOf({ selector: { matchLabels: { cpu: 'amd64' } } }), /\.selector\.matchLabels/],
  ] as const;
  for (const [changes, problem] of cases) {
    const problems = krewProblems({ ...parse(krewManifest(RELEASE)), ...changes }, PLUGIN_NAME);
    t.match(problems.join('\n'), problem, JSON.stringify(changes));
  }
});

t.test('the archive starts through a link, and packs to the same bytes', async (t) => {
  const directory = t.testdir({ dist: { 'main.mjs': 'console.log(process.argv.slice(2).join());' } });
  const pack = (folder: string) => packPlugin(join(directory, 'dist'), join(directory, folder), '1.2.3');
  const [first, second] = [await pack('one'), await pack('two')];
  t.equal(first.sha256, second.sha256);
  const plugin = join(directory, 'plugin');
  await mkdir(plugin);
  await run('tar', ['-xzf', first.path, '-C', plugin]);
  t.same((await readdir(plugin)).toSorted(), ['LICENSE', PLUGIN_FILE, `${PLUGIN_FILE}.mjs`, 'main.mjs']);
  const link = join(directory, PLUGIN_FILE);
  await symlink(join('plugin', PLUGIN_FILE), link);
  const path = `${dirname(process.execPath)}:/usr/bin:/bin`;
  const { stdout } = await run(link, ['explain', 'a/b'], { env: { PATH: path } });
  t.equal(stdout, 'explain,a/b\n');
});

t.test('without Node, or with an old one, it says what is missing', async (t) => {
  const directory = t.testdir({ dist: { 'main.mjs': '' }, bin: {}, plugin: {} });
  const { path } = await packPlugin(join(directory, 'dist'), directory, '1.2.3');
  await run('tar', ['-xzf', path, '-C', join(directory, 'plugin')]);
  for (const program of ['dirname', 'readlink']) await symlink(`/usr/bin/${program}`, join(directory, 'bin', program));
  const start = () => run(join(directory, 'plugin', PLUGIN_FILE), [], { env: { PATH: join(directory, 'bin') } });
  await t.rejects(start(), { code: 2, stderr: /needs Node\.js 24 or newer on the PATH/ });
  const old = ENTRY.replace("process.versions.node.split('.')", "['20']");
  await writeFile(join(directory, 'old.mjs'), old);
  await t.rejects(run(process.execPath, [join(directory, 'old.mjs')]), { code: 2, stderr: /24 or newer, and this is/ });
});

function specOf(changes: object) {
  const { spec } = parse(krewManifest(RELEASE));
  return { spec: { ...spec, ...changes } };
}

function platformOf(changes: object) {
  const { spec } = parse(krewManifest(RELEASE));
  return { spec: { ...spec, platforms: [{ ...spec.platforms[0], ...changes }] } };
}
