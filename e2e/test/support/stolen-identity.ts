import { createKubeClient, type KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { LocalCluster } from '@ecr-pull-secrets/testbed/local-cluster/cluster.ts';
import { createKubeApi, type KubeApi } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';

type Cluster = Pick<LocalCluster, 'serverUrl' | 'caPem'>;

/** Anyone who has a token, and nothing else. */
export function createThief({ serverUrl, caPem }: Cluster, token: string): KubeClient {
  return createKubeClient({
    credentials: () =>
      Promise.resolve({
        server: serverUrl,
        authorization: `Bearer ${token}`,
        tls: { ca: caPem },
      }),
    userAgent: 'thief',
  });
}

/** The rights of another identity. */
export interface StolenIdentity {
  readonly client: KubeClient;
  readonly api: KubeApi;
}

/** A ServiceAccount by a token as its pods have it: the one that the renewer and the CronJob run as unless another is named. */
export async function stealIdentity(
  cluster: Cluster,
  api: KubeApi,
  { namespace = PRODUCT_NAME, name = PRODUCT_NAME } = {},
): Promise<StolenIdentity> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const { status } = await api.create<{ readonly status: { readonly token: string } }>(path, {});
  const client = createThief(cluster, status.token);
  return { client, api: createKubeApi(client) };
}
