import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

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
  /** Folder of the pinned `go.mod`. */
  readonly moduleDirectory: string;
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
 * Reads the recipe of a Kubernetes minor, for instance `1.37`.
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
  const moduleDirectory = join(MODULES, `v${kubernetesMinor}`);
  const goMod = await readFile(join(moduleDirectory, 'go.mod'), 'utf8');
  const goSum = await readFile(join(moduleDirectory, 'go.sum'), 'utf8');
  const kubernetesVersion = find(goMod, /^\tk8s\.io\/kubernetes (v\S+)$/m);
  // Without a version of its own the API server calls itself v0.0.0.
  const linkerFlags = `-s -w -X k8s.io/component-base/version.gitVersion=${kubernetesVersion}`;
  const flags = ['-buildvcs=false', '-ldflags', linkerFlags];
  const hash = createHash('sha256').update(JSON.stringify([goMod, goSum, PACKAGES, flags]));
  const platform = `${process.platform}-${process.arch}`;
  return {
    moduleDirectory,
    kubernetesVersion,
    goVersion: find(goMod, /^go (\S+)$/m),
    buildArguments: (name, outputPath) => ['build', ...flags, '-o', outputPath, PACKAGES[name]],
    key: `kubernetes-${kubernetesVersion}-${platform}-${hash.digest('hex').slice(0, 12)}`,
  };
}

function find(goMod: string, pattern: RegExp): string {
  const found = pattern.exec(goMod)?.[1];
  if (!found) throw new Error(`go.mod has no line that matches ${pattern}`);
  return found;
}
