import { writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { listenOnLoopback } from '@ecr-pull-secrets/shared/testing/listen.ts';
import type { LocalCluster } from '../local-cluster/cluster.ts';
import type { LocalNode } from '../local-node/local-node.ts';
import type { KubeApi } from '../playground/kube-api.ts';
import { OPS_PORTS } from '../playground/ports.ts';

/** A counter needs two samples within a test that takes seconds. */
const PODS_INTERVAL = '1s';

/** An API server has 2 MB of metrics, which cost it a tenth of a second each time. */
const API_SERVER_INTERVAL = '5s';

interface Scraped {
  readonly cluster: Pick<LocalCluster, 'directory' | 'serverUrl' | 'caPem' | 'adminToken'>;
  readonly node: Pick<LocalNode, 'toLoopback'>;
  readonly api: Pick<KubeApi, 'list'>;
  /** In which the product runs. */
  readonly namespace: string;
}

/**
 * What the Prometheus operator makes of the chart's PodMonitor, and what most installations have for the API server.
 * Debian's Prometheus has no discovery by the API of Kubernetes, so the list of pods is served to it.
 */
export async function scrapeConfigsOf(scraped: Scraped): Promise<readonly object[]> {
  const { cluster } = scraped;
  const caFile = join(cluster.directory, 'prometheus-ca.pem');
  await writeFile(caFile, cluster.caPem);
  const pods = {
    job_name: 'pods',
    scrape_interval: PODS_INTERVAL,
    scrape_timeout: PODS_INTERVAL,
    http_sd_configs: [
      { url: `http://127.0.0.1:${await listenOnLoopback(discoveryServer(scraped))}/`, refresh_interval: PODS_INTERVAL },
    ],
  };
  const apiServer = {
    job_name: 'apiserver',
    scrape_interval: API_SERVER_INTERVAL,
    scheme: 'https',
    tls_config: { ca_file: caFile },
    authorization: { credentials: cluster.adminToken },
    static_configs: [{ targets: [new URL(cluster.serverUrl).host] }],
    metric_relabel_configs: [
      { action: 'keep', source_labels: ['__name__'], regex: 'apiserver_.*admission_(webhook|policy)_.*' },
    ],
  };
  return [pods, apiServer];
}

interface ScrapedPod {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly status?: { readonly podIP?: string; readonly phase?: string };
}

/** Lists the pods as `http_sd_configs` expects it. */
function discoveryServer({ api, node, namespace }: Scraped): Server {
  const server = createServer((_request, response) => void answer(response));

  async function answer(response: ServerResponse): Promise<void> {
    try {
      const selector = { labelSelector: 'app.kubernetes.io/name=ecr-pull-secrets' };
      const pods = await api.list<ScrapedPod>(`/api/v1/namespaces/${namespace}/pods`, selector);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(pods.flatMap(groupsOf)));
    } catch {
      // Prometheus goes on with the pods that it knows.
      response.writeHead(503).end();
    }
  }

  function groupsOf({ metadata, status }: ScrapedPod) {
    const address = node.toLoopback(status?.podIP ?? '');
    if (address === undefined || status?.phase !== 'Running') return [];
    return Object.entries(OPS_PORTS).map(([container, port]) => ({
      targets: [`${address}:${port}`],
      labels: { namespace, pod: metadata.name, container },
    }));
  }

  // The process may end, although Prometheus is connected.
  return server.unref();
}
