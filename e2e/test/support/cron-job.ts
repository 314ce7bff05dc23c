import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createKubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { fileCredentials } from '@ecr-pull-secrets/kube/credentials.ts';
import { type EcrStandIn, startEcrStandIn } from '@ecr-pull-secrets/testbed/ecr-stand-in/server.ts';
import { type LocalCluster, startCluster } from '@ecr-pull-secrets/testbed/local-cluster/cluster.ts';
import { builtBundle } from '@ecr-pull-secrets/testbed/playground/built-bundle.ts';
import { compileCacheOf } from '@ecr-pull-secrets/testbed/playground/image-entrypoint.ts';
import { createKubeApi, type KubeApi } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { type Opened, openTogether } from '@ecr-pull-secrets/testbed/playground/opened.ts';
import { AWS_IDENTITY } from '@ecr-pull-secrets/testbed/playground/playground.ts';

/** Where the old tool is installed. */
export const HOME = 'test-ecr-renew-app';

export type Variables = Readonly<Record<string, string>>;

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The CronJob of nabsul/k8s-ecr-login-renew, its image changed to ours. */
export interface CronJob {
  readonly cluster: LocalCluster;
  readonly ecr: EcrStandIn;
  readonly api: KubeApi;
  /** Makes a ServiceAccount, bound to nothing. */
  createAccount(name: string): Promise<void>;
  /**
   * Starts our executable without an argument, with what the CronJob's pod has: the variables, and the
   * ServiceAccount's token.
   */
  start(account: string, variables: Variables): ChildProcess;
  run(account: string, variables: Variables): Promise<Ended>;
  /** All that the runs said so far. */
  output(): string;
  close(): Promise<void>;
}

/** Names an account as RBAC wants it. */
export function subjectOf(account: string): object {
  return { kind: 'ServiceAccount', name: account, namespace: HOME };
}

export function startCronJob(): Promise<CronJob> {
  return openTogether(open);
}

async function open(opened: Opened): Promise<CronJob> {
  const cluster = opened.add(await startCluster({ audit: true }));
  const ecr = opened.add(await startEcrStandIn({ identities: [AWS_IDENTITY] }));
  const entry = await builtBundle();
  const credentials = fileCredentials(cluster.kubeconfigPath);
  const client = opened.add(createKubeClient({ credentials, userAgent: 'test' }));
  const api = createKubeApi(client);
  await api.create('/api/v1/namespaces', { metadata: { name: HOME } });
  const { hostname, port } = new URL(cluster.serverUrl);
  let output = '';

  function start(account: string, variables: Variables): ChildProcess {
    return spawn(process.execPath, [entry], {
      env: {
        ...compileCacheOf(entry),
        KUBERNETES_SERVICE_HOST: hostname,
        KUBERNETES_SERVICE_PORT: port,
        SERVICE_ACCOUNT_DIR: join(cluster.directory, account),
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: AWS_IDENTITY.accessKeyId,
        AWS_SECRET_ACCESS_KEY: AWS_IDENTITY.secretAccessKey,
        AWS_ENDPOINT_URL: ecr.endpoint,
        ...variables,
      },
    });
  }

  return {
    cluster,
    ecr,
    api,
    createAccount: async (name) => {
      await api.create(`/api/v1/namespaces/${HOME}/serviceaccounts`, { metadata: { name } });
      const path = `/api/v1/namespaces/${HOME}/serviceaccounts/${name}/token`;
      const { status } = await api.create<{ status: { token: string } }>(path, {});
      const directory = join(cluster.directory, name);
      await mkdir(directory);
      await writeFile(join(directory, 'token'), status.token, { mode: 0o600 });
      await writeFile(join(directory, 'ca.crt'), cluster.caPem);
    },
    start,
    run: async (account, variables) => {
      const ended = await waitFor(start(account, variables));
      output += ended.stdout + ended.stderr;
      return ended;
    },
    output: () => output,
    close: opened.close,
  };
}

/** Waits for the end of a run. */
export async function waitFor(child: ChildProcess): Promise<Ended> {
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new TypeError('standard output is not piped');
  const [out, err] = await Promise.all([text(stdout), text(stderr), once(child, 'close')]);
  return { exitCode: child.exitCode, stdout: out, stderr: err };
}
