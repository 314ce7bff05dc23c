import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { GO_ENVIRONMENT } from './go-environment.ts';
import type { Guardian } from './guardian.ts';

export interface HelmOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** @throws with what Helm said, if it exits with another code than 0 */
export type Helm = (args: readonly string[]) => Promise<HelmOutput>;

export interface HelmOptions {
  readonly guardian: Guardian;
  readonly command: string;
  readonly kubeconfigPath: string;
}

/** Helm for one cluster. Its caches and settings live in the guardian's folder, the user's stay untouched. */
export function createHelm({ guardian, command, kubeconfigPath }: HelmOptions): Helm {
  const home = join(guardian.directory, 'helm');
  const environment = {
    ...GO_ENVIRONMENT,
    KUBECONFIG: kubeconfigPath,
    HOME: home,
    HELM_CACHE_HOME: join(home, 'cache'),
    HELM_CONFIG_HOME: join(home, 'config'),
    HELM_DATA_HOME: join(home, 'data'),
  };
  return async (args) => {
    const child = guardian.spawn(command, args, {
      // Relative chart paths mean what they mean to the caller.
      cwd: process.cwd(),
      environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [[code], stdout, stderr] = await Promise.all([
      once(child, 'close'),
      child.stdout ? text(child.stdout) : '',
      child.stderr ? text(child.stderr) : '',
    ]);
    if (code === 0) return { stdout, stderr };
    // The other arguments may hold secrets.
    throw new Error(`helm ${args[0] ?? ''} failed: ${stderr.trim() || `exit code ${code}`}`);
  };
}
