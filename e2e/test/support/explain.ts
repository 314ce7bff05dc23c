import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import { ENTRY, LAUNCHER, PLUGIN_FILE } from '@ecr-pull-secrets/scripts/krew/plugin-files.ts';
import { startConnectProxy } from '@ecr-pull-secrets/shared/testing/connect-proxy.ts';
import { LAYER_HOST } from '@ecr-pull-secrets/testbed/ecr-stand-in/repositories.ts';
import type { Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { builtBundle } from '@ecr-pull-secrets/testbed/playground/built-bundle.ts';
import { type Playground, REGISTRY, startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';

/** A registry with a key in the secret, whose account accepts no token of ours. */
export const CLOSED_REGISTRY = REGISTRY.replace(/^\d+/, '222222222222');

/** A registry that the proxy does not reach. */
export const FAR_REGISTRY = REGISTRY.replace('us-east-1', 'us-east-2');

const CA_CONFIG_MAP = 'corporate-ca';

export interface Explained {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

/** A cluster, and ECR with images behind a proxy and a CA of its own. */
export interface ExplainWorld {
  readonly playground: Playground;
  /** `ecr-pull-secrets explain`, as somebody with a kubeconfig runs it. */
  readonly explain: (
    args: readonly string[],
    variables?: Readonly<Record<string, string>>,
    /** Called with the id of the process. */
    onStart?: (pid: number) => void,
  ) => Promise<Explained>;
  /** Values of the chart for a release that uses the proxy and the CA. */
  readonly networkValues: Manifest;
  /** A folder with the bundle as a plugin of kubectl, which needs `node` on the PATH. */
  readonly pluginDirectory: () => Promise<string>;
  /** The variables of a container that has this token. */
  readonly inClusterAs: (token: string) => Promise<Readonly<Record<string, string>>>;
  readonly close: () => Promise<void>;
}

export async function startExplainWorld(): Promise<ExplainWorld> {
  const now = new Date();
  const hosts = [REGISTRY, CLOSED_REGISTRY, LAYER_HOST];
  const ca = await createCa({ commonName: 'corporate', now });
  const names = { serviceName: 'aws', namespace: 'test', now, extraDnsNames: hosts };
  const { certificatePem: cert, privateKeyPem: key } = await createServingCertificate(ca, names);
  const playground = await startPlayground({
    ecr: {
      tls: { key, cert },
      repositories: {
        app: { tags: ['1'] },
        'team/closed': { tags: ['1'], refuses: 'ecr:BatchGetImage' },
        'team/no-layers': { tags: ['1'], refuses: 'ecr:GetDownloadUrlForLayer' },
      },
    },
  });
  const { cluster, ecr } = playground;
  const port = Number(new URL(ecr.secureEndpoint ?? '').port);
  const proxy = await startConnectProxy({ routes: Object.fromEntries(hosts.map((host) => [`${host}:443`, port])) });
  const caFile = join(cluster.directory, 'corporate-ca.pem');
  await writeFile(caFile, ca.certificatePem);
  const { api } = playground;
  await api.create('/api/v1/namespaces', { metadata: { name: PRODUCT_NAME } });
  await api.create(`/api/v1/namespaces/${PRODUCT_NAME}/configmaps`, {
    metadata: { name: CA_CONFIG_MAP },
    data: { 'ca.crt': ca.certificatePem },
  });
  const entry = await builtBundle();
  return {
    playground,
    networkValues: { proxy: { httpsProxy: proxy.url }, extraCaCerts: { configMap: CA_CONFIG_MAP, key: 'ca.crt' } },
    explain: async (args, variables = {}, onStart = () => undefined) => {
      const startMs = performance.now();
      const child = spawn(process.execPath, [entry, 'explain', ...args], {
        env: {
          KUBECONFIG: cluster.kubeconfigPath,
          HTTPS_PROXY: proxy.url,
          NODE_EXTRA_CA_CERTS: caFile,
          ...variables,
        },
      });
      onStart(child.pid ?? 0);
      const [stdout, stderr, [exitCode]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close'),
      ]);
      return { exitCode, stdout, stderr, seconds: (performance.now() - startMs) / 1000 };
    },
    pluginDirectory: async () => {
      const directory = join(cluster.directory, 'plugins');
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, PLUGIN_FILE), LAUNCHER, { mode: 0o755 });
      await writeFile(join(directory, `${PLUGIN_FILE}.mjs`), ENTRY.replace('./main.mjs', entry));
      return directory;
    },
    inClusterAs: async (token) => {
      const serviceAccountDir = join(cluster.directory, 'service-account');
      await mkdir(serviceAccountDir, { recursive: true });
      await writeFile(join(serviceAccountDir, 'token'), token, { mode: 0o600 });
      await writeFile(join(serviceAccountDir, 'ca.crt'), cluster.caPem);
      const { hostname, port: serverPort } = new URL(cluster.serverUrl);
      return {
        KUBERNETES_SERVICE_HOST: hostname,
        KUBERNETES_SERVICE_PORT: serverPort,
        SERVICE_ACCOUNT_DIR: serviceAccountDir,
      };
    },
    close: async () => {
      await proxy.close();
      await playground.close();
    },
  };
}
