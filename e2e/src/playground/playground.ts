import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKubeClient, type KubeClient } from '@ecr-pull-secrets/renewer/kube/client.ts';
import { fileCredentials } from '@ecr-pull-secrets/renewer/kube/kube-config.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { bundle } from '../../../cli/bundle.ts';
import {
  type EcrStandIn,
  type EcrStandInOptions,
  startEcrStandIn,
} from '../ecr-stand-in/server.ts';
import { type ClusterOptions, type LocalCluster, startCluster } from '../local-cluster/cluster.ts';
import type { RestartBackOffOptions } from '../local-node/containers/restart-back-off.ts';
import { type LocalNode, startLocalNode } from '../local-node/local-node.ts';
import { findLeaks } from './leaks.ts';
import { createKubeApi, type KubeApi, type Manifest } from './kube-api.ts';

/** The AWS user whose keys the chart is given. */
export const AWS_IDENTITY = {
  account: '123456789012',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
} as const;

const AWS_REGION = 'us-east-1';

/** The registry that the user's tokens are good for. */
export const REGISTRY = `${AWS_IDENTITY.account}.dkr.ecr.${AWS_REGION}.amazonaws.com`;

const CHART = fileURLToPath(new URL('../../../chart', import.meta.url));

/** What stands for the published image; the chart refers to it by its own values. */
const IMAGE = { repository: 'local/ecr-pull-secrets', tag: 'built' };

export interface PlaygroundOptions extends ClusterOptions {
  /** What the stand-in for AWS knows besides the user; its tokens live 12 h unless told. */
  readonly ecr?: EcrStandInOptions;
  readonly restartBackOff?: RestartBackOffOptions;
}

/** Everything at once: cluster, node, AWS, and the product's freshly built bundle to install. */
export interface Playground {
  readonly cluster: LocalCluster;
  readonly node: LocalNode;
  readonly ecr: EcrStandIn;
  readonly client: KubeClient;
  readonly api: KubeApi;
  /**
   * `helm upgrade --install --wait` of the chart, as a user does it.
   *
   * @param values - over the playground's own
   * @param options - `wait: false` returns before the pods are ready
   */
  install(values?: Manifest, options?: { readonly wait?: boolean }): Promise<void>;
  /**
   * Ends everything and leaves nothing behind.
   *
   * @throws where a token, a password or a key was found in a log, a metric or an Event
   */
  close(): Promise<void>;
}

export async function startPlayground(options: PlaygroundOptions = {}): Promise<Playground> {
  const { restartBackOff } = options;
  const cluster = await startCluster(options);
  try {
    const [ecr, entry] = await Promise.all([
      startEcrStandIn({ identities: [AWS_IDENTITY], ...options.ecr }),
      bundle(join(cluster.directory, 'bundle')),
    ]);
    const node = await startLocalNode({
      cluster,
      images: { [`${IMAGE.repository}:${IMAGE.tag}`]: { entrypoint: [process.execPath, entry] } },
      ...(restartBackOff ? { restartBackOff } : {}),
    });
    return await assemble(cluster, node, ecr);
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

async function assemble(
  cluster: LocalCluster,
  node: LocalNode,
  ecr: EcrStandIn,
): Promise<Playground> {
  const client = createKubeClient({
    credentials: fileCredentials(cluster.kubeconfigPath),
    userAgent: 'playground',
  });
  const api = createKubeApi(client);
  const logDirectory = join(cluster.directory, node.name, 'logs');
  const servicePort = await choosePort(cluster);
  return {
    cluster,
    node,
    ecr,
    client,
    api,
    install: async (values = {}, { wait = true } = {}) => {
      const base = join(cluster.directory, 'values-base.json');
      const own = join(cluster.directory, 'values.json');
      await writeFile(base, JSON.stringify(valuesFor(ecr.endpoint, servicePort)), { mode: 0o600 });
      await writeFile(own, JSON.stringify(values), { mode: 0o600 });
      const place = ['--namespace', PRODUCT_NAME, '--create-namespace'];
      const patience = wait ? ['--wait', '--timeout', '90s'] : [];
      const files = ['--values', base, '--values', own];
      await cluster.helm([
        'upgrade',
        '--install',
        PRODUCT_NAME,
        CHART,
        ...place,
        ...patience,
        ...files,
      ]);
    },
    close: async () => {
      const leaks = await findLeaks({ api, node, ecr, logDirectory }).catch(() => []);
      await node.close();
      await Promise.all([ecr.close(), client.close()]);
      await cluster.close();
      if (leaks.length > 0) throw new Error(`secrets were found in ${leaks.join(', ')}`);
    },
  };
}

function valuesFor(awsEndpoint: string, servicePort: number): Manifest {
  return {
    image: IMAGE,
    awsRegion: AWS_REGION,
    awsAccessKeyId: AWS_IDENTITY.accessKeyId,
    awsSecretAccessKey: AWS_IDENTITY.secretAccessKey,
    service: { port: servicePort },
    // Nothing on this machine needs a long goodbye.
    webhook: { drainSeconds: 1 },
    renewer: { extraEnv: [{ name: 'AWS_ENDPOINT_URL', value: awsEndpoint }] },
  };
}

/** 443 as the chart has it where this user may listen there, else a port that everybody may use. */
async function choosePort({ serviceCidrPrefix }: LocalCluster): Promise<number> {
  const server = createServer();
  try {
    server.listen(443, `${serviceCidrPrefix}.255.253`);
    await once(server, 'listening');
    return 443;
  } catch {
    return 8443;
  } finally {
    server.close();
  }
}
