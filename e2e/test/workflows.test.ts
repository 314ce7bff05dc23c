import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parse } from 'yaml';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly uses?: string;
  readonly needs?: string;
  readonly if?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps?: readonly Step[];
  readonly 'timeout-minutes'?: number;
}

interface Workflow {
  readonly on: unknown;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

interface Dependabot {
  readonly updates: readonly {
    readonly 'package-ecosystem': string;
    readonly directory?: string;
    readonly directories?: readonly string[];
    readonly groups?: Readonly<Record<string, unknown>>;
  }[];
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = join(ROOT, '.github/workflows');

const read = (...path: readonly string[]) => readFile(join(ROOT, ...path), 'utf8');
const names = (await readdir(FOLDER)).toSorted();
const texts = new Map(
  await Promise.all(names.map(async (name) => [name, await read(FOLDER.slice(ROOT.length), name)] as const)),
);
const workflows = new Map<string, Workflow>([...texts].map(([name, text]) => [name, parse(text, { strict: true })]));

function stepsOf({ jobs }: Pick<Workflow, 'jobs'>): readonly Step[] {
  return Object.values(jobs).flatMap(({ steps = [] }) => steps);
}

t.test('there are three: for every change, for every night, for a tag', async (t) => {
  t.same(names, ['ci.yaml', 'nightly.yaml', 'release.yaml']);
  t.match(workflows.get('ci.yaml')?.on, { pull_request: null, push: { branches: ['main'] } });
  t.strictSame(workflows.get('release.yaml')?.on, { push: { tags: ['v*'] } });
});

t.test('a job may do only what it says, and only one that publishes may write', (t) => {
  const writers: Record<string, readonly string[]> = {};
  for (const [file, { permissions, jobs }] of workflows) {
    t.strictSame(permissions, {}, file);
    for (const [name, job] of Object.entries(jobs)) {
      t.ok(job.permissions, `${file}: ${name}`);
      t.ok(job.uses ?? job['timeout-minutes'], `${file}: ${name} ends`);
      const rights = Object.entries(job.permissions ?? {});
      const written = rights.filter(([, access]) => access === 'write').map(([right]) => right);
      if (written.length > 0) writers[name] = written.toSorted();
    }
  }
  t.strictSame(writers, {
    image: ['id-token', 'packages'],
    chart: ['id-token', 'packages'],
    page: ['contents'],
  });
  t.end();
});

t.test('nothing is published that CI has not passed', (t) => {
  const { jobs = {} } = workflows.get('release.yaml') ?? {};
  t.equal(jobs['ci']?.uses, './.github/workflows/ci.yaml');
  t.strictSame(
    Object.entries(jobs).map(([name, { needs }]) => [name, needs]),
    [
      ['ci', undefined],
      ['image', 'ci'],
      ['chart', 'image'],
      ['page', 'chart'],
    ],
  );
  t.match(texts.get('ci.yaml'), '- run: bash .ci/run\n');
  t.match(texts.get('ci.yaml'), 'fetch-depth: 0\n', 'with the last release to upgrade from');
  t.end();
});

t.test('each night the oldest Kubernetes is tried that the chart and the docs promise', async (t) => {
  const oldest = workflows.get('nightly.yaml')?.jobs['oldest'];
  t.equal(oldest?.uses, './.github/workflows/ci.yaml');
  const version = String(oldest?.with?.['kubernetes']);
  t.match(await read('chart/Chart.yaml'), `kubeVersion: ">=${version}.0-0"`);
  t.match(await read('docs/kubernetes-versions.md'), `| \`nightly.yaml\` | ${version}.`);
  t.ok(existsSync(join(ROOT, 'testbed/binaries', `v${version}`)));
  t.match(texts.get('ci.yaml'), 'ECR_PULL_SECRETS_KUBERNETES: ${{ inputs.kubernetes }}');
});

t.test('each night the packages in the image are looked up', async (t) => {
  const { vulnerabilities } = workflows.get('nightly.yaml')?.jobs ?? {};
  t.match(
    vulnerabilities?.steps?.flatMap(({ run = [] }) => run),
    ['npm ci', 'npm run -s vulnerabilities'],
  );
  const { scripts } = JSON.parse(await read('package.json'));
  t.match(scripts['vulnerabilities'], /sbom\/main\.ts && node scripts\/src\/vulnerabilities\/main\.ts$/);
});

t.test('each night what is shortened for every change is tried at full length', async (t) => {
  const steps = workflows.get('nightly.yaml')?.jobs['long']?.steps ?? [];
  const { scripts } = JSON.parse(await read('package.json'));
  const lengths = Object.entries<string>(scripts)
    .filter(([, script]) => /\b[A-Z_]+=\S+ npm run -s test /.test(script))
    .map(([name]) => name);
  t.equal(lengths.length, 7);
  const runs = steps.flatMap(({ run = [] }) => run);
  t.strictSame(runs, ['npm ci', 'npm run -s test:prepare', ...lengths.map((name) => `npm run -s ${name}`)]);
  for (const one of steps.filter((step) => step.if)) t.equal(one.if, '${{ !cancelled() }}');
});

t.test('Dependabot moves every pin, in few pull requests', async (t) => {
  const { updates }: Dependabot = parse(await read('.github/dependabot.yml'), { strict: true });
  t.strictSame(
    updates.map((one) => one['package-ecosystem']),
    ['npm', 'docker', 'gomod', 'github-actions'],
  );
  for (const { directory = '/', directories = [directory], groups, ...update } of updates) {
    for (const folder of directories) t.ok(existsSync(join(ROOT, folder.replace('/*', ''))), folder);
    const ecosystem = update['package-ecosystem'];
    // There is one base image.
    if (ecosystem !== 'docker') t.equal(Object.keys(groups ?? {}).length, 1, ecosystem);
  }
});

t.test('Dependabot can read the base image: it resolves no build argument', async (t) => {
  const from = (await read('Dockerfile')).match(/^FROM .*$/gm) ?? [];
  const image = /^FROM (?:--platform=\$BUILDPLATFORM )?(alpine:3\.\d+\.\d+@sha256:[0-9a-f]{64})( AS build)?$/;
  const images = from.map((line) => image.exec(line)?.[1]);
  t.equal(images.length, 2);
  t.ok(images[0]);
  t.equal(images[0], images[1], 'one image for both stages');
});

t.test('what requires no Kubernetes is left out at night, and nothing else', (t) => {
  const { compute, ...jobs } = workflows.get('ci.yaml')?.jobs ?? {};
  t.equal(compute?.if, "${{ github.event_name == 'pull_request' }}");
  const conditional = [...Object.values(jobs), ...stepsOf({ jobs })].filter((one) => one.if);
  for (const one of conditional) t.equal(one.if, '${{ !inputs.kubernetes }}');
  const steps = stepsOf({ jobs }).filter((step) => step.if);
  t.match(
    steps.map(({ run }) => run),
    ['bash .ci/helm-3', /image\.test\.ts/],
  );
  t.strictSame(
    Object.keys(jobs).filter((name) => jobs[name]?.if),
    ['image'],
  );
  t.end();
});

t.test('a review may not become slower than on the branch that a pull request changes', (t) => {
  const { steps = [] } = workflows.get('ci.yaml')?.jobs['compute'] ?? {};
  const base = steps.find((step) => step.with?.['path'] === 'base');
  t.equal(base?.with?.['ref'], '${{ github.event.pull_request.base.sha }}');
  t.strictSame(
    steps.flatMap(({ run = [] }) => run),
    ['npm ci', 'npm ci', 'npm run -s bench-guard -- base'],
  );
  t.end();
});

t.test('CI tries the chart with Helm 3, and the image as root with nothing skipped', async (t) => {
  const scripts = stepsOf(workflows.get('ci.yaml') ?? { jobs: {} }).map(({ run = '' }) => run);
  t.ok(scripts.includes('bash .ci/helm-3'));
  t.match(await read('.ci/helm-3'), /helm\.sh\/helm\/v3\/cmd\/helm@v3\.\d+\.\d+$/m);
  const image = scripts.find((script) => script.includes('image.test.ts')) ?? '';
  t.match(image, /install --yes buildah\nsudo .* --fail-skip e2e\/test\/image\.test\.ts/);
});

t.test('others’ actions are pinned by commit, with the version beside it', (t) => {
  const pins = [...texts.values()].flatMap((text) => text.match(/uses: [^.\s].*/g) ?? []);
  t.ok(pins.length > 5);
  for (const pin of pins) t.match(pin, /^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  const commits = new Set(pins);
  const actions = new Set(pins.map((pin) => pin.split('@')[0]));
  t.equal(commits.size, actions.size, 'each in one version');
  t.end();
});

t.test('no expression is put into a script, where it could be one', (t) => {
  for (const workflow of workflows.values()) {
    for (const { run = '' } of stepsOf(workflow)) t.notMatch(run, '${{');
  }
  t.end();
});

t.test('what the scripts call is there', async (t) => {
  const bake = await read('docker-bake.hcl');
  const scripts = [...workflows.values()].flatMap(stepsOf).map(({ run = '' }) => run);
  const called = (expression: RegExp) =>
    scripts.flatMap((script) => [...script.matchAll(expression)].map(([, what = '']) => what));
  for (const file of called(/\b(?:node|bash|npm test -- --fail-skip) (\S+)/g)) t.ok(existsSync(join(ROOT, file)), file);
  const targets = called(/buildx bake ([a-z ]+)/g).flatMap((words) => words.trim().split(' '));
  t.ok(targets.length > 0);
  for (const target of targets) t.match(bake, `target "${target}" {`);
});

t.test('bake gives the Dockerfile what it takes, for the three platforms', async (t) => {
  const [bake, dockerfile] = await Promise.all([read('docker-bake.hcl'), read('Dockerfile')]);
  const taken = [...dockerfile.matchAll(/^ARG (\w+)=/gm)].map(([, name = '']) => name);
  const [, passed = ''] = /args = \{([^}]*)\}/.exec(bake) ?? [];
  t.strictSame([...passed.matchAll(/^ +(\w+) += \1$/gm)].map(([, name = '']) => name).toSorted(), taken.toSorted());
  t.match(bake, 'platforms = ["linux/amd64", "linux/arm64", "linux/arm/v7"]');
});
