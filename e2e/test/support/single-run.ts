import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AWS_IDENTITY, type Playground } from '@ecr-pull-secrets/testbed/playground/playground.ts';

const COMMAND = fileURLToPath(new URL('../../../cli/src/main.ts', import.meta.url));

/** `ecr-pull-secrets renew-once` outside the cluster, as its administrator. */
export function startSingleRun(
  { cluster, ecr }: Pick<Playground, 'cluster' | 'ecr'>,
  variables: Readonly<Record<string, string>>,
): ChildProcess {
  return spawn(process.execPath, [COMMAND, 'renew-once'], {
    env: {
      KUBECONFIG: cluster.kubeconfigPath,
      // Else each run compiles what it imports anew.
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: AWS_IDENTITY.accessKeyId,
      AWS_SECRET_ACCESS_KEY: AWS_IDENTITY.secretAccessKey,
      AWS_ENDPOINT_URL: ecr.endpoint,
      ...variables,
    },
  });
}
