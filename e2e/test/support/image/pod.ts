import assert from 'node:assert/strict';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { DEFAULT_TLS_DIR, INJECT_LABEL, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { EcrStandIn } from '@ecr-pull-secrets/testbed/ecr-stand-in/server.ts';
import type { LocalCluster } from '@ecr-pull-secrets/testbed/local-cluster/cluster.ts';
import { findFreePort } from '@ecr-pull-secrets/testbed/local-cluster/free-port.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { KubeApi } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { AWS_IDENTITY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { type Container, type Isolation, pathIn, startContainer } from './container.ts';
import type { BuiltImage } from './image.ts';

/** In the image's volume, as the certificates are. */
const ACCOUNT_DIR = '/run/service-account';

export interface PodOptions {
  readonly cluster: LocalCluster;
  readonly api: KubeApi;
  readonly ecr: EcrStandIn;
  readonly image: BuiltImage;
  readonly isolation: Isolation;
}

/** One of the two containers. */
export interface PodContainer extends Container {
  /** From its start until it was found alive. */
  readonly liveAfterMs: number;
}

/** The product as the chart runs it, without its chart and by an administrator's rights. */
export interface Pod {
  readonly webhook: PodContainer;
  readonly renewer: PodContainer;
}

/**
 * Starts both commands of the image, and waits until the webhook serves with the certificate that the
 * renewer hands over. The API server calls it where it listens, at its Service's own address.
 */
export async function startPod(options: PodOptions): Promise<Pod> {
  const { cluster, api, ecr, image, isolation } = options;
  const port = await findFreePort();
  const host = await createWebhookObjects(api, port);
  await fillVolume(options);
  const at = (path: string) => pathIn({ image, isolation }, path);

  const start = async (command: string, settings: Environment) => {
    const opsPort = await findFreePort();
    const environment = {
      HOST: host,
      TLS_DIR: at(DEFAULT_TLS_DIR),
      OPS_PORT: String(opsPort),
      ...settings,
    };
    const startMs = performance.now();
    const container = await startContainer(cluster.guardian, {
      image,
      isolation,
      args: [command],
      environment,
    });
    const ask = (path: string) =>
      eventually(`${path} of ${command}`, async () => {
        const answer = await fetch(`http://${host}:${opsPort}${path}`);
        assert.equal(answer.status, 200, await container.log());
      });
    await ask('/livez');
    return { ...container, liveAfterMs: performance.now() - startMs, ask };
  };

  const webhook = await start('webhook', { PORT: String(port), DRAIN_SECONDS: '0' });
  const server = new URL(cluster.serverUrl);
  const renewer = await start('renewer', {
    POD_NAME: `${PRODUCT_NAME}-0`,
    POD_NAMESPACE: PRODUCT_NAME,
    SERVICE_ACCOUNT_DIR: at(ACCOUNT_DIR),
    KUBERNETES_SERVICE_HOST: server.hostname,
    KUBERNETES_SERVICE_PORT: server.port,
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: ecr.endpoint,
    AWS_ACCESS_KEY_ID: AWS_IDENTITY.accessKeyId,
    AWS_SECRET_ACCESS_KEY: AWS_IDENTITY.secretAccessKey,
  });
  await webhook.ask('/readyz');
  return { webhook, renewer };
}

/** @returns the Service's address, which is one of this machine's */
async function createWebhookObjects(api: KubeApi, port: number): Promise<string> {
  const service = { name: PRODUCT_NAME, namespace: PRODUCT_NAME };
  await api.create('/api/v1/namespaces', { metadata: { name: PRODUCT_NAME } });
  const { spec } = await api.create<{ spec: { clusterIP: string } }>(`/api/v1/namespaces/${PRODUCT_NAME}/services`, {
    metadata: service,
    spec: { ports: [{ port }] },
  });
  await api.create('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
    metadata: { name: PRODUCT_NAME },
    webhooks: [
      {
        name: 'inject.ecr-pull-secrets.io',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
        clientConfig: { service: { ...service, path: '/mutate', port } },
        namespaceSelector: { matchLabels: { [INJECT_LABEL]: 'enabled' } },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
    ],
  });
  return spec.clusterIP;
}

/** As kubelet does before it starts a container: `fsGroup` and a ServiceAccount's token. */
async function fillVolume({ cluster, image, isolation }: PodOptions): Promise<void> {
  const tlsDir = join(image.root, DEFAULT_TLS_DIR);
  const accountDir = join(image.root, ACCOUNT_DIR);
  await mkdir(tlsDir, { recursive: true });
  await mkdir(accountDir);
  const [user = 0, group = 0] = image.user.split(':').map(Number);
  // In a user namespace the image's user is ours.
  if (isolation === 'root') await chown(tlsDir, user, group);
  await writeFile(join(accountDir, 'token'), cluster.adminToken);
  await writeFile(join(accountDir, 'ca.crt'), cluster.caPem);
}
