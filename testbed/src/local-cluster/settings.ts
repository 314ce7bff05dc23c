import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What the local cluster reads from the environment. */
export interface Settings {
  /** `KUBEBUILDER_ASSETS`: a folder with ready-made binaries, as Kubernetes' own test tools use it. */
  readonly assetsDirectory: string | undefined;
  /** Where built binaries are kept, outside the checkout: `$XDG_CACHE_HOME/ecr-pull-secrets`. */
  readonly cacheDirectory: string;
  /** `ECR_PULL_SECRETS_KUBERNETES`: the Kubernetes minor, a folder of `testbed/binaries/` without its `v`. */
  readonly kubernetesMinor: string;
  /** `PATH`, where `go` and `helm` are looked for. */
  readonly path: string;
}

/** The newest that the local cluster supports. */
export const DEFAULT_KUBERNETES_MINOR = '1.37';

/** Reads the environment; an empty variable counts as unset. */
export function readSettings(environment: Environment): Settings {
  const cacheHome = environment['XDG_CACHE_HOME'] || join(environment['HOME'] || homedir(), '.cache');
  return Object.freeze({
    assetsDirectory: environment['KUBEBUILDER_ASSETS'] || undefined,
    cacheDirectory: join(cacheHome, 'ecr-pull-secrets'),
    kubernetesMinor: environment['ECR_PULL_SECRETS_KUBERNETES'] || DEFAULT_KUBERNETES_MINOR,
    path: environment['PATH'] ?? '',
  });
}

/**
 * The local cluster stands on Linux alone: only there is all of 127.0.0.0/8 on the loopback device,
 * so that Services and pods can have addresses of their own, and only there are abstract sockets and `/proc`.
 *
 * @throws if the platform is another
 */
export function requireLinux(platform: NodeJS.Platform): void {
  if (platform === 'linux') return;
  throw new Error(
    `the local cluster runs on Linux only, and this is ${platform}: use a Linux machine, virtual machine or container; "npm run test:unit" needs no cluster`,
  );
}
