import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ensureBinaries, ensureKubectl } from '../src/local-cluster/binaries.ts';
import { readKubectlBuildPlan, readBuildPlan } from '../src/local-cluster/build-plan.ts';
import { childrenOf, executables, runScript, sourceUrl, until } from '../testing/processes.ts';

t.test('binaries come from KUBEBUILDER_ASSETS, with helm from PATH', async (t) => {
  const directory = t.testdir({ assets: {}, bin: {} });
  const assets = executables(join(directory, 'assets'), {
    etcd: '',
    'kube-apiserver': '',
    'kube-controller-manager': '',
  });
  const bin = executables(join(directory, 'bin'), { helm: '' });

  const found = await ensure({ KUBEBUILDER_ASSETS: assets, PATH: `::/absent:${bin}` });

  t.same(found, {
    binaries: {
      etcd: join(assets, 'etcd'),
      'kube-apiserver': join(assets, 'kube-apiserver'),
      'kube-controller-manager': join(assets, 'kube-controller-manager'),
      helm: join(bin, 'helm'),
    },
    lines: [],
  });
});

t.test('KUBEBUILDER_ASSETS without a binary is an error that names it', async (t) => {
  const assets = executables(t.testdir(), { etcd: '', 'kube-apiserver': '' });

  await t.rejects(ensure({ KUBEBUILDER_ASSETS: assets }), {
    message: `KUBEBUILDER_ASSETS=${assets} has no kube-controller-manager: put what is missing there, or unset the variable to have everything built from source (setup-envtest brings no kube-controller-manager)`,
  });
});

t.test('no Go and no cache is an error that says what to do', async (t) => {
  await t.rejects(ensure({ PATH: '', XDG_CACHE_HOME: t.testdir() }), {
    message:
      /^Go is needed to build etcd, kube-apiserver, kube-controller-manager, helm .* no "go" on PATH\. Install Go 1\.\d+.* or set KUBEBUILDER_ASSETS/,
  });
});

t.test('a Go too old to fetch a newer one is an error', async (t) => {
  const environment = buildEnvironment(t, 'exit 1', 'go1.19.8');

  await t.rejects(ensure(environment), {
    message: /^a newer Go is needed .* answers "go1\.19\.8"\. Install Go/,
  });
});

t.test('an unknown Kubernetes version is an error that names the known ones', async (t) => {
  await t.rejects(ensure({ ECR_PULL_SECRETS_KUBERNETES: '1.2' }), {
    message: /^ECR_PULL_SECRETS_KUBERNETES=1\.2: the local cluster supports 1\.30, 1\.36, 1\.37$/,
  });
});

t.test('an old Kubernetes comes with the etcd and the Helm of the newest', async (t) => {
  const old = await readBuildPlan('1.30');
  const newest = await readBuildPlan('1.37');
  for (const name of ['etcd', 'helm'] as const) {
    t.equal(old.moduleDirectoryOf(name), newest.moduleDirectoryOf(name));
  }
  t.not(old.moduleDirectoryOf('kube-apiserver'), newest.moduleDirectoryOf('kube-apiserver'));
  t.match(old.kubernetesVersion, /^v1\.30\./);
  t.not(old.key, newest.key);
});

t.test('kubectl is of the newest Kubernetes, and made of the same if both need it', async (t) => {
  const [kubectl, newest] = [await readKubectlBuildPlan(), await readBuildPlan('1.37')];
  t.equal(kubectl.kubernetesVersion, newest.kubernetesVersion);
  const versions = modulesOf(newest.moduleDirectoryOf('kube-apiserver'));
  for (const [path, version] of modulesOf(kubectl.moduleDirectoryOf('kubectl'))) {
    t.equal(version, versions.get(path) ?? version, path);
  }
});

t.test('kubectl is built by itself, or found in KUBEBUILDER_ASSETS', async (t) => {
  const environment = buildEnvironment(t, 'echo "$package" > "$output"');
  const lines: string[] = [];
  const progress = (line: string): void => void lines.push(line);

  const built = await ensureKubectl({ progress, environment });
  t.equal(readFileSync(built, 'utf8'), 'k8s.io/kubernetes/cmd/kubectl\n');
  t.match(lines, [/^Building kubectl of .* happens once; it takes/, '[1 of 1] kubectl: building']);
  t.same(cached(environment), ['kubectl']);

  const assets = executables(join(environment.HOME, 'bin'), { kubectl: '' });
  const provided = { ...environment, KUBEBUILDER_ASSETS: assets };
  t.equal(await ensureKubectl({ progress, environment: provided }), join(assets, 'kubectl'));
});

t.test('binaries are built once, although two callers need them at once, and found again', async (t) => {
  const environment = buildEnvironment(t, 'echo "$package" | tee -a "$HOME/builds" > "$output"');

  const [first, second] = await Promise.all([ensure(environment), ensure(environment)]);
  const third = await ensure({ ...environment, PATH: '' });

  t.same(readFileSync(join(environment.HOME, 'builds'), 'utf8').trimEnd().split('\n'), [
    'go.etcd.io/etcd/server/v3',
    'k8s.io/kubernetes/cmd/kube-apiserver',
    'k8s.io/kubernetes/cmd/kube-controller-manager',
    'helm.sh/helm/v4/cmd/helm',
  ]);
  const [waiting, building] = [first, second].toSorted((a, b) => a.lines.length - b.lines.length);
  t.match(waiting?.lines, [/^Another process already does this \(build in /]);
  t.match(building?.lines.slice(0, 3), [
    /^Building etcd, .* in neither KUBEBUILDER_ASSETS nor \/.* happens once; .* 12 minutes/,
    '[1 of 4] etcd: building',
    /^\[1 of 4\] etcd: done in \d+ s$/,
  ]);
  t.same(second.binaries, first.binaries);
  t.same(third, { binaries: first.binaries, lines: [] });
});

t.test('a build that takes long reports now and then that it is still running', async (t) => {
  const environment = buildEnvironment(t, 'case "$package" in *etcd*) sleep 1;; esac; echo > "$output"');

  const { lines } = await ensure(environment, 200);

  const etcd = lines.filter((line) => line.includes('etcd: '));
  t.equal(etcd[0], '[1 of 4] etcd: building');
  t.match(etcd.at(-1), /^\[1 of 4\] etcd: done in \d+ s$/);
  const between = etcd.slice(1, -1);
  t.ok(between.length >= 2, 'each 200 ms of a second');
  for (const line of between) t.match(line, /^\[1 of 4\] etcd: \d+ s so far$/);
});

t.test('a failed build shows what Go said and keeps what was finished', async (t) => {
  const environment = buildEnvironment(
    t,
    'case "$package" in *helm*) echo "no such package" >&2; exit 1;; esac; echo > "$output"',
  );

  await t.rejects(ensure(environment), {
    message: /^building helm failed after \d+ s; the end of Go's output:\nno such package$/,
  });
  t.same(cached(environment), ['etcd', 'kube-apiserver', 'kube-controller-manager']);
});

t.test('a killed builder leaves no half binary and no lock behind', async (t) => {
  const environment = buildEnvironment(
    t,
    'echo half > "$output"; chmod +x "$output"; echo > "$HOME/started"; exec sleep 600',
  );
  const owner = runScript(
    t,
    `import { ensureBinaries } from ${sourceUrl('binaries.ts')};
     await ensureBinaries({ progress: console.log, environment: ${JSON.stringify(environment)} });`,
  );
  await until(() => existsSync(join(environment.HOME, 'started')));
  const pids = childrenOf(owner);
  t.equal(pids.length, 2, 'Go and the guardian');

  owner.kill('SIGKILL');
  writeFakeGo(environment, 'echo whole > "$output"');
  const { binaries } = await ensure(environment);

  t.equal(readFileSync(binaries.etcd, 'utf8'), 'whole\n');
  await until(() => pids.every((pid) => !existsSync(`/proc/${pid}`)));
  t.same(cached(environment), ['etcd', 'helm', 'kube-apiserver', 'kube-controller-manager']);
});

interface BuildEnvironment {
  readonly [name: string]: string;
  readonly HOME: string;
  readonly PATH: string;
  readonly XDG_CACHE_HOME: string;
}

/** An empty cache, and a Go that runs shell code for a build, with `$output` and `$package`. */
function buildEnvironment(t: Test, build: string, version?: string): BuildEnvironment {
  const HOME = t.testdir({ bin: {}, cache: {} });
  const environment = {
    HOME,
    PATH: `${join(HOME, 'bin')}:/usr/bin:/bin`,
    XDG_CACHE_HOME: join(HOME, 'cache'),
  };
  writeFakeGo(environment, build, version);
  return environment;
}

function writeFakeGo({ HOME }: BuildEnvironment, build: string, version = 'go1.26.0'): void {
  const go = `
    if [ "$1" = env ]; then echo ${version}; exit; fi
    while [ "$1" != -o ]; do shift; done
    output="$2"; package="$3"
    ${build}
    chmod +x "$output"`;
  executables(join(HOME, 'bin'), { go });
}

/** The modules that a `go.mod` names, with their versions. */
function modulesOf(directory: string): ReadonlyMap<string, string> {
  const goMod = readFileSync(join(directory, 'go.mod'), 'utf8');
  const lines = goMod.matchAll(/^\t(\S+) (v\S+)(?: \/\/ indirect)?$/gm);
  return new Map([...lines].map(([, path = '', version = '']) => [path, version]));
}

/** What lies in the cache, unfinished things too. */
function cached({ XDG_CACHE_HOME }: BuildEnvironment): string[] {
  const root = join(XDG_CACHE_HOME, 'ecr-pull-secrets');
  return readdirSync(root).flatMap((key) => readdirSync(join(root, key)).toSorted());
}

async function ensure(environment: Readonly<Record<string, string>>, progressIntervalMs = 60_000) {
  const lines: string[] = [];
  const progress = (line: string): void => void lines.push(line);
  const binaries = await ensureBinaries({ progress, progressIntervalMs, environment });
  return { binaries, lines };
}
