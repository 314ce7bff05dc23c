import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { ensureKubectl } from '@ecr-pull-secrets/testbed/local-cluster/binaries.ts';
import type { LocalCluster } from '@ecr-pull-secrets/testbed/local-cluster/cluster.ts';
import { GO_ENVIRONMENT } from '@ecr-pull-secrets/testbed/local-cluster/go-environment.ts';
import { progressToStderr } from '@ecr-pull-secrets/testbed/local-cluster/progress.ts';

/**
 * Runs kubectl as the cluster's administrator.
 *
 * @returns the lines that it printed
 * @throws with what it printed if it failed; `diff` fails if there is a difference
 */
export type Kubectl = (...args: readonly string[]) => Promise<readonly string[]>;

/** kubectl for one cluster. Its cache lives in the cluster's folder. */
export async function startKubectl({
  guardian,
  kubeconfigPath,
}: Pick<LocalCluster, 'guardian' | 'kubeconfigPath'>): Promise<Kubectl> {
  const command = await ensureKubectl({ progress: progressToStderr, environment: process.env });
  // PATH is for "kubectl diff", which calls diff.
  const { PATH } = process.env;
  const environment = {
    ...GO_ENVIRONMENT,
    KUBECONFIG: kubeconfigPath,
    HOME: guardian.directory,
    PATH,
  };
  return async (...args) => {
    const child = guardian.spawn(command, args, { environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const [[code], stdout, stderr] = await Promise.all([
      once(child, 'close'),
      child.stdout ? text(child.stdout) : '',
      child.stderr ? text(child.stderr) : '',
    ]);
    if (code !== 0) throw new Error(`kubectl ${args[0] ?? ''} failed: ${stderr.trim() || stdout}`);
    return stdout.trimEnd().split('\n');
  };
}
