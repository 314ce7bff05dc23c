import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_KUBERNETES_MINOR } from './settings.ts';

/** The Go package that each binary is built from. */
const PACKAGES = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  helm: 'helm.sh/helm/v4/cmd/helm',
} as const;

export type BinaryName = keyof typeof PACKAGES;

export const BINARY_NAMES = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'helm',
] as const satisfies readonly BinaryName[];

/** How one Kubernetes version's binaries are built. */
export interface Recipe {
  /** Folder of the `go.mod` that pins a binary. */
  moduleDirectoryOf(name: BinaryName): string;
  /** For instance `v1.37.2`. */
  readonly kubernetesVersion: string;
  /** The Go that `go.mod` asks for, for instance `1.26.0`. */
  readonly goVersion: string;
  /** Arguments of `go` that write the binary to a path. */
  buildArguments(name: BinaryName, outputPath: string): string[];
  /** Differs wherever the binaries would. */
  readonly key: string;
}

const MODULES = fileURLToPath(new URL('../../binaries/', import.meta.url));

/**
 * Reads the recipe of a Kubernetes minor, for instance `1.37`. What its own module does not pin, as etcd
 * and Helm for an old Kubernetes, is built as for the newest.
 *
 * @throws where there is no such folder in `e2e/binaries/`, naming those that there are
 */
export async function readRecipe(kubernetesMinor: string): Promise<Recipe> {
  const known = (await readdir(MODULES)).map((name) => name.slice(1));
  if (!known.includes(kubernetesMinor)) {
    throw new Error(
      `ECR_PULL_SECRETS_KUBERNETES=${kubernetesMinor}: the local cluster knows ${known.join(', ')}`,
    );
  }
  const own = await readModule(kubernetesMinor);
  const isNewest = kubernetesMinor === DEFAULT_KUBERNETES_MINOR;
  const newest = isNewest ? own : await readModule(DEFAULT_KUBERNETES_MINOR);
  const moduleOf = (name: BinaryName): Module => (own.pins(PACKAGES[name]) ? own : newest);
  const kubernetesVersion = find(own.goMod, /\bk8s\.io\/kubernetes (v\S+)$/m);
  // Without a version of its own the API server calls itself v0.0.0.
  const linkerFlags = `-s -w -X k8s.io/component-base/version.gitVersion=${kubernetesVersion}`;
  const flags = ['-buildvcs=false', '-ldflags', linkerFlags];
  const modules = new Set(BINARY_NAMES.map((name) => moduleOf(name)));
  const pins = [...modules].flatMap(({ goMod, goSum }) => [goMod, goSum]);
  const hash = createHash('sha256').update(JSON.stringify([...pins, PACKAGES, flags]));
  const platform = `${process.platform}-${process.arch}`;
  return {
    moduleDirectoryOf: (name) => moduleOf(name).directory,
    kubernetesVersion,
    goVersion: find(newest.goMod, /^go (\S+)$/m),
    buildArguments: (name, outputPath) => ['build', ...flags, '-o', outputPath, PACKAGES[name]],
    key: `kubernetes-${kubernetesVersion}-${platform}-${hash.digest('hex').slice(0, 12)}`,
  };
}

interface Module {
  readonly directory: string;
  readonly goMod: string;
  readonly goSum: string;
  /** Whether a package is in one of the modules that it requires by name. */
  readonly pins: (goPackage: string) => boolean;
}

async function readModule(kubernetesMinor: string): Promise<Module> {
  const directory = join(MODULES, `v${kubernetesMinor}`);
  const goMod = await readFile(join(directory, 'go.mod'), 'utf8');
  const goSum = await readFile(join(directory, 'go.sum'), 'utf8');
  const required = [...goMod.matchAll(/^(?:require |\t)(\S+) v\S+$/gm)].map(
    ([, path]) => path ?? '',
  );
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
