import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ApiAccess, requestApi } from './api-request.ts';
import { type Component, startComponent } from './component.ts';
import type { Credentials } from './credentials.ts';
import type { Guardian } from './guardian.ts';
import { toKubeconfig } from './kubeconfig.ts';

export interface ControllerManagerOptions {
  readonly guardian: Guardian;
  readonly command: string;
  readonly credentials: Credentials;
  /** The API server, with the controller manager's own token. */
  readonly access: ApiAccess;
}

/** Without these the local node could not run pods, or would need devices that it has not. */
const CONTROLLERS_OFF = [
  // No kubelet sends a Node's heartbeats, and pods of a Node without heartbeats would be deleted.
  'node-lifecycle-controller',
  'taint-eviction-controller',
  'pod-garbage-collector-controller',
  // They create a folder for volume plugins under /usr/libexec.
  'persistentvolume-attach-detach-controller',
  'persistentvolume-binder-controller',
  'persistentvolume-expander-controller',
  // There is no metrics API.
  'horizontal-pod-autoscaler-controller',
];

/** What each namespace has once the controllers work; a pod cannot be created before. */
const SIGNS_OF_LIFE = [
  '/api/v1/namespaces/default/serviceaccounts/default',
  '/api/v1/namespaces/default/configmaps/kube-root-ca.crt',
];

/** Starts the controllers and waits until the default namespace has its ServiceAccount and root CA. */
export async function startControllerManager(options: ControllerManagerOptions): Promise<Component> {
  const { guardian, command, credentials, access } = options;
  const kubeconfigPath = join(guardian.directory, 'controller-manager.kubeconfig');
  const caPath = join(guardian.directory, 'ca.crt');
  await writeFile(kubeconfigPath, toKubeconfig(access), { mode: 0o600 });
  await writeFile(caPath, access.caPem);
  return startComponent({
    guardian,
    name: 'kube-controller-manager',
    command,
    args: [
      `--kubeconfig=${kubeconfigPath}`,
      '--secure-port=0',
      '--leader-elect=false',
      `--controllers=${['*', ...CONTROLLERS_OFF.map((name) => `-${name}`)].join(',')}`,
      `--root-ca-file=${caPath}`,
      `--service-account-private-key-file=${credentials.serviceAccountKeyPath}`,
      // The defaults of 20 and 30 make tests with many namespaces wait for the client, not the product.
      '--kube-api-qps=1000',
      '--kube-api-burst=2000',
      '--concurrent-namespace-syncs=50',
      '--concurrent-deployment-syncs=20',
      '--concurrent-replicaset-syncs=20',
    ],
    isReady: async (signal) => {
      const found = await Promise.all(SIGNS_OF_LIFE.map((path) => requestApi(access, path, { signal })));
      return found.every(({ status }) => status === 200);
    },
  });
}
