import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_KUBERNETES_MINOR } from './settings.ts';

/** The Go package that each binary of the cluster is built from. */
const PACKAGES = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  helm: 'helm.sh/helm/v4/cmd/helm',
} as const;

const KUBECTL = { kubectl: 'k8s.io/kubernetes/cmd/kubectl' } as const;

export type ClusterBinary = keyof typeof PACKAGES;

/** What can be built: the cluster's, and a person's tool for it. */
export type BinaryName = ClusterBinary | 'kubectl';

export const CLUSTER_BINARIES = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'helm',
] as const satisfies readonly ClusterBinary[];

/** How one Kubernetes version's binaries are built. */
export interface BuildPlan<Name extends BinaryName = BinaryName> {
  /** Folder of the `go.mod` that pins a binary. */
  moduleDirectoryOf(name: Name): string;
  /** For instance `v1.37.2`. */
  readonly kubernetesVersion: string;
  /** The Go that `go.mod` names, for instance `1.26.0`. */
  readonly goVersion: string;
  /** Arguments of `go` that write the binary to a path. */
  buildArguments(name: Name, outputPath: string): string[];
  /** How long that takes, for who waits. */
  readonly duration: string;
  /** Differs wherever the binaries would. */
  readonly key: string;
}

const MODULES = fileURLToPath(new URL('../../binaries/', import.meta.url));

/** A module for each Kubernetes minor; kubectl's is no version. */
const VERSION_FOLDER = /^v(\d+\.\d+)$/;

/**
 * Reads the build plan of a Kubernetes minor, for instance `1.37`. What its own module does not pin, as etcd
 * and Helm for an old Kubernetes, is built as for the newest.
 *
 * @throws if there is no such folder in `testbed/binaries/`, naming those that there are
 */
export async function readBuildPlan(kubernetesMinor: string): Promise<BuildPlan<ClusterBinary>> {
  const known = (await readdir(MODULES)).flatMap((name) => VERSION_FOLDER.exec(name)?.[1] ?? []);
  if (!known.includes(kubernetesMinor)) {
    throw new Error(`ECR_PULL_SECRETS_KUBERNETES=${kubernetesMinor}: the local cluster supports ${known.join(', ')}`);
  }
  const own = await readModule(`v${kubernetesMinor}`);
  const isNewest = kubernetesMinor === DEFAULT_KUBERNETES_MINOR;
  const newest = isNewest ? own : await readModule(`v${DEFAULT_KUBERNETES_MINOR}`);
  const moduleOf = (name: ClusterBinary): Module => (own.pins(PACKAGES[name]) ? own : newest);
  const modules = new Set(CLUSTER_BINARIES.map((name) => moduleOf(name)));
  return toBuildPlan({
    label: 'kubernetes',
    kubernetes: own,
    newest,
    modules: [...modules],
    moduleOf,
    packages: PACKAGES,
    duration: 'all four take about 12 minutes on 2 cores',
  });
}

/**
 * Reads the build plan of kubectl, of the newest Kubernetes. It has a module, and so a folder in the cache, of its
 * own, with the versions of the cluster's module if both need one: Go then compiles those parts once.
 */
export async function readKubectlBuildPlan(): Promise<BuildPlan<'kubectl'>> {
  const module = await readModule('kubectl');
  return toBuildPlan({
    label: 'kubectl',
    kubernetes: module,
    newest: module,
    modules: [module],
    moduleOf: () => module,
    packages: KUBECTL,
    duration: 'it takes a quarter of a minute after the cluster’s own, else two',
  });
}

interface Ingredients<Name extends BinaryName> {
  /** What the folder in the cache begins with. */
  readonly label: string;
  /** The module that pins Kubernetes itself. */
  readonly kubernetes: Module;
  /** The module that needs the newest Go. */
  readonly newest: Module;
  /** All of them, in order. */
  readonly modules: readonly Module[];
  readonly moduleOf: (name: Name) => Module;
  readonly packages: Readonly<Record<Name, string>>;
  readonly duration: string;
}

function toBuildPlan<Name extends BinaryName>(ingredients: Ingredients<Name>): BuildPlan<Name> {
  const { label, kubernetes, newest, modules, moduleOf, packages, duration } = ingredients;
  const kubernetesVersion = find(kubernetes.goMod, /\bk8s\.io\/kubernetes (v\S+)$/m);
  // Without a version of their own the API server and kubectl call themselves v0.0.0.
  const linkerFlags = `-s -w -X k8s.io/component-base/version.gitVersion=${kubernetesVersion}`;
  const flags = ['-buildvcs=false', '-ldflags', linkerFlags];
  const pins = modules.flatMap(({ goMod, goSum }) => [goMod, goSum]);
  const hash = createHash('sha256').update(JSON.stringify([...pins, packages, flags]));
  const platform = `${process.platform}-${process.arch}`;
  return {
    moduleDirectoryOf: (name) => moduleOf(name).directory,
    kubernetesVersion,
    goVersion: find(newest.goMod, /^go (\S+)$/m),
    buildArguments: (name, outputPath) => ['build', ...flags, '-o', outputPath, packages[name]],
    duration,
    key: `${label}-${kubernetesVersion}-${platform}-${hash.digest('hex').slice(0, 12)}`,
  };
}

interface Module {
  readonly directory: string;
  readonly goMod: string;
  readonly goSum: string;
  /** Whether a package is in one of the modules that it requires by name. */
  readonly pins: (goPackage: string) => boolean;
}

/** A folder of `testbed/binaries/`. */
async function readModule(folder: string): Promise<Module> {
  const directory = join(MODULES, folder);
  const goMod = await readFile(join(directory, 'go.mod'), 'utf8');
  const goSum = await readFile(join(directory, 'go.sum'), 'utf8');
  const required = [...goMod.matchAll(/^(?:require |\t)(\S+) v\S+$/gm)].map(([, path]) => path ?? '');
  return {
    directory,
    goMod,
    goSum,
    pins: (goPackage) => required.some((path) => `${goPackage}/`.startsWith(`${path}/`)),
  };
}

function find(goMod: string, pattern: RegExp): string {
  const found = pattern.exec(goMod)?.[1];
  if (!found) throw new Error(`go.mod has no line that matches ${pattern}`);
  return found;
}
