import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { type ReleaseFiles, releaseNotes, releaseProblems } from '../../src/release-check/release-check.ts';

const SCRIPT = fileURLToPath(new URL('../../src/release-check/main.ts', import.meta.url));
const IMAGE = 'ghcr.io/someone/ecr-pull-secrets';

const run = (...args: readonly string[]) => spawnSync(process.execPath, [SCRIPT, ...args], { encoding: 'utf8' });

const FILES: ReleaseFiles = {
  manifests: {
    'package.json': { version: '1.2.3', devDependencies: { tap: '21.8.0' } },
    'cli/package.json': { version: '1.2.3', dependencies: { '@ecr-pull-secrets/shared': '1.2.3' } },
  },
  chart: 'apiVersion: v2\nname: x\nversion: 1.2.3\nappVersion: "1.2.3"\n',
  values: `other:\n  repository: x\nimage:\n  repository: ${IMAGE}\n\n  # A note.\n  tag: ""\n`,
  changelog: '# Changes\n\n## 1.2.3 - 2026-12-01\n\n- This.\n\n## 1.2.2\n\n- That.\n',
  bake: 'variable "IMAGE" {\n  default = "x"\n}\nvariable "VERSION" {\n  default = "1.2.3"\n}\n',
  pages: { 'README.md': 'With `./chart`, or:\n\n    helm install x oci://ghcr.io/x/charts/x\n' },
};

t.test('a tag that everything agrees with has no problem', (t) => {
  t.strictSame(releaseProblems('v1.2.3', FILES, IMAGE), []);
  t.strictSame(releaseProblems('v1.2.3', FILES), []);
  t.end();
});

t.test('each version that is another one is named, in the other packages too', (t) => {
  t.strictSame(releaseProblems('v1.2.4-rc.1', FILES), [
    'package.json, version: it is 1.2.3, not 1.2.4-rc.1',
    'cli/package.json, version: it is 1.2.3, not 1.2.4-rc.1',
    'cli/package.json, @ecr-pull-secrets/shared: it is 1.2.3, not 1.2.4-rc.1',
    'chart/Chart.yaml, version: it is 1.2.3, not 1.2.4-rc.1',
    'chart/Chart.yaml, appVersion: it is 1.2.3, not 1.2.4-rc.1',
    'docker-bake.hcl, VERSION: it is 1.2.3, not 1.2.4-rc.1',
    'CHANGELOG.md: nothing stands under the heading "## 1.2.4-rc.1"',
  ]);
  t.strictSame(releaseProblems('v1.2.3', { ...FILES, chart: 'version: 1.2.3\n' }), [
    'chart/Chart.yaml, appVersion: it is absent, not 1.2.3',
  ]);
  t.end();
});

t.test('a release without notes, or of another image than the chart’s, is none', (t) => {
  const changelog = '## 1.2.3\n\n## 1.2.2\n\n- That.\n';
  t.strictSame(releaseProblems('v1.2.3', { ...FILES, changelog }, 'ghcr.io/fork/x'), [
    'CHANGELOG.md: nothing stands under the heading "## 1.2.3"',
    `chart/values.yaml, image.repository: it is ${IMAGE}, not ghcr.io/fork/x`,
  ]);
  t.end();
});

t.test('a release for the time before the first one is none', (t) => {
  const values = FILES.values.replace(IMAGE, '""');
  t.strictSame(releaseProblems('v1.2.3', { ...FILES, values }), [
    'chart/values.yaml, image.repository: it is empty, not where the image is published',
  ]);
  for (const text of ['<!-- before the first release -->', 'docker pull ghcr.io/<owner>/x', '          image: ""']) {
    t.strictSame(releaseProblems('v1.2.3', { ...FILES, pages: { 'docs/a.md': `A\n${text}\n` } }), [
      'docs/a.md: it describes the state before the first release; run npm run release-address',
    ]);
  }
  t.end();
});

t.test('a release whose pages install the chart of a checkout is none', (t) => {
  const commands = [
    '    helm upgrade x ./chart --wait',
    '```\nhelm upgrade x ./chart\n```',
    '```sh\nhelm upgrade x \\\n./chart\n```',
    'Say `helm upgrade x ./chart`.',
    'Say `helm upgrade x "./chart"`.',
  ];
  for (const command of commands) {
    const pages = { ...FILES.pages, 'docs/a.md': `Then:\n\n${command}\n` };
    t.strictSame(
      releaseProblems('v1.2.3', { ...FILES, pages }),
      ['docs/a.md: ./chart is in a checkout alone; name the published chart, oci://…'],
      command,
    );
  }
  for (const text of ['It is `./chart`.', '[values](../chart/values.yaml)', '    cd ./charts', '  chart: ./chart']) {
    const pages = { ...FILES.pages, 'docs/a.md': `${text}\n` };
    t.strictSame(releaseProblems('v1.2.3', { ...FILES, pages }), [], text);
  }
  t.end();
});

t.test('a tag is v and a version that images and charts can have', (t) => {
  for (const tag of ['', '1.2.3', 'v1.2', 'v01.2.3', 'v1.2.3+build', 'v1.2.3 ']) {
    t.strictSame(releaseProblems(tag, FILES), [`${tag} is no tag of a release: v1.2.3 is one`]);
  }
  t.end();
});

t.test('the notes are what stands under the version’s heading', (t) => {
  t.equal(releaseNotes(FILES.changelog, '1.2.3'), '- This.');
  t.equal(releaseNotes(FILES.changelog, '1.2.2'), '- That.');
  t.equal(releaseNotes(FILES.changelog, '1.2'), undefined);
  t.end();
});

t.test('today’s files agree with each other, whatever is still to be said of them', (t) => {
  const other = run('v999.0.0', IMAGE);
  t.equal(other.status, 1);
  t.equal(other.stdout, '');
  const versions = new Set([...other.stderr.matchAll(/version.*: it is (\S+), not/gi)].map(([, v]) => v));
  t.equal(versions.size, 1, other.stderr);
  const [version] = versions;
  const own = run(`v${version}`, IMAGE);
  const lines = own.stderr.split('\n').filter((line) => line !== '');
  t.strictSame(
    lines.filter((line) => !/^CHANGELOG\.md|: \.\/chart |image\.repository: it is empty|release-address$/.test(line)),
    [],
    'until it is released the changelog calls it unreleased, and pages and chart have no address',
  );
  t.end();
});
