import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ifFound } from '@ecr-pull-secrets/kube/api-error.ts';
import { createKubeClient, type KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { fileCredentials } from '@ecr-pull-secrets/kube/credentials.ts';
import { checkpointSecretName, secretPath } from '@ecr-pull-secrets/kube/object-names.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import {
  type EcrStandIn,
  type EcrStandInOptions,
  startEcrStandIn,
} from '@ecr-pull-secrets/testbed/ecr-stand-in/server.ts';
import { type LocalCluster, startCluster } from '@ecr-pull-secrets/testbed/local-cluster/cluster.ts';
import { openTogether } from '@ecr-pull-secrets/testbed/playground/opened.ts';
import { AWS_IDENTITY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import type { Bench } from '../row.ts';

const CHART = fileURLToPath(new URL('../../../chart', import.meta.url));

export const AWS_REGION = 'us-east-1';

/** A cluster with the rights and policies of the chart, and without its pods: the benchmark starts the processes. */
export interface BenchCluster extends Pick<LocalCluster, 'directory' | 'serverUrl' | 'caPem' | 'adminToken'> {
  readonly ecr: EcrStandIn;
  /** An administrator's. */
  readonly client: KubeClient;
  /** `token` and `ca.crt` of the ServiceAccount of the chart. */
  readonly serviceAccountDir: string;
  /** The same token. */
  readonly token: string;
  close(): Promise<void>;
}

/** Runs work in a new cluster, which is thrown away afterwards. */
export async function inCluster<T>(
  bench: Bench,
  work: (cluster: BenchCluster) => Promise<T>,
  aws: EcrStandInOptions = {},
): Promise<T> {
  bench.progress('starting a cluster');
  const cluster = await startBenchCluster(bench, aws);
  try {
    return await work(cluster);
  } finally {
    await cluster.close();
  }
}

function startBenchCluster({ guardian, progress }: Bench, aws: EcrStandInOptions): Promise<BenchCluster> {
  return openTogether(async (opened) => {
    const cluster = opened.add(await startCluster({ progress, controllers: false }));
    const ecr = opened.add(await startEcrStandIn({ identities: [AWS_IDENTITY], ...aws }));
    const { directory, serverUrl, caPem, adminToken, kubeconfigPath } = cluster;
    const client = opened.add(createKubeClient({ credentials: fileCredentials(kubeconfigPath), userAgent: 'bench' }));
    await installChart(cluster);
    const token = await requestToken(client);
    const serviceAccountDir = join(guardian.directory, `service-account-${crypto.randomUUID()}`);
    await mkdir(serviceAccountDir);
    await writeFile(join(serviceAccountDir, 'token'), token, { mode: 0o600 });
    await writeFile(join(serviceAccountDir, 'ca.crt'), caPem);
    return { directory, serverUrl, caPem, adminToken, ecr, client, serviceAccountDir, token, close: opened.close };
  });
}

/** Removes the tokens that a leader left for the next one, which therefore gets new ones at once. */
export async function removeCheckpoint({ client }: BenchCluster): Promise<void> {
  const path = secretPath(PRODUCT_NAME, checkpointSecretName(PRODUCT_NAME));
  // One that was ended at once may have left none.
  await ifFound(client.request({ method: 'DELETE', path }));
}

async function installChart({ helm, directory }: LocalCluster): Promise<void> {
  const values = join(directory, 'values.json');
  // Both that add the name to pods: the row about pods has to compare them. The check does not depend on them.
  const injection = { mode: 'both', check: 'none' };
  await writeFile(
    values,
    JSON.stringify({ replicaCount: 0, awsRegion: AWS_REGION, image: { repository: 'bench' }, injection }),
  );
  const place = [PRODUCT_NAME, CHART, '--namespace', PRODUCT_NAME, '--create-namespace'];
  await helm(['install', ...place, '--values', values]);
}

async function requestToken(client: KubeClient): Promise<string> {
  const { status } = await client.request<{ status: { token: string } }>({
    method: 'POST',
    path: `/api/v1/namespaces/${PRODUCT_NAME}/serviceaccounts/${PRODUCT_NAME}/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 7200 } },
  });
  return status.token;
}
