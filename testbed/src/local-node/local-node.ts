import { createKubeClient, type KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { fileCredentials } from '@ecr-pull-secrets/kube/credentials.ts';
import { type Clock, systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createLogger, type Logger } from '@ecr-pull-secrets/shared/logger.ts';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CERTIFICATE_PATH, KEY_PATH } from '../local-cluster/api-server.ts';
import type { LocalCluster } from '../local-cluster/cluster.ts';
import { createNamespaceWatcher } from './api/namespace-objects.ts';
import { KUBELET_BACK_OFF, type RestartBackOffOptions } from './containers/restart-back-off.ts';
import type { AddressedService } from './environment/service-variables.ts';
import type { Images } from './images.ts';
import { startLogServer } from './log-server.ts';
import { createAddressBook } from './network/addresses.ts';
import { startServiceForwarder } from './network/service-forwarder.ts';
import { readAllocatable, registerNode, removeNode } from './node-object.ts';
import type { NodeContext } from './pods/node-context.ts';
import { logPathOf } from './pods/pod-setup.ts';
import { startPodWorkers } from './pods/pod-workers.ts';
import { startScheduler } from './scheduler.ts';

export interface LocalNodeOptions {
  /** The cluster that the node joins; one node a cluster. */
  readonly cluster: Pick<
    LocalCluster,
    'guardian' | 'kubeconfigPath' | 'podCidrPrefix' | 'serverUrl' | 'serviceCidrPrefix'
  >;
  /** Pods all of whose images are among these are run, all others left alone. */
  readonly images: Images;
  /** First value of `setAddressRemovalDelay`. The default is no delay. */
  readonly addressRemovalDelayMs?: number;
  /** The default is kubelet's 10 s to 5 minutes. */
  readonly restartBackOff?: RestartBackOffOptions;
  /** The default writes warnings to standard error. */
  readonly logger?: Logger;
  readonly clock?: Clock;
}

/**
 * What stands for kubelet and kube-proxy: runs pods as processes of this machine.
 *
 * Only three things are mapped: an image is a command, each pod has a loopback address (in `HOST`, over
 * whatever the pod says; its status shows a made-up `10.x`), mount paths in the command, arguments and
 * environment are folders. A path that stands in a program's code or in a file is not mapped. Limits,
 * users, capabilities, read-only file systems and pid namespaces are not enforced; what else a pod requests
 * and the node cannot do keeps the pod from being scheduled.
 *
 * Probes and Services live in the event loop of this process, so it must not block.
 */
export interface LocalNode {
  readonly name: string;
  /** From now on, how long an address that is no longer ready stays behind its Service. */
  setAddressRemovalDelay(ms: number): void;
  /** What a container has written so far, all its processes one after another; empty if it has written nothing. */
  logs(namespace: string, pod: string, container: string): Promise<string>;
  /**
   * Process ids by container of what runs in a pod. Each leads a process group: `kill(-pid)` reaches
   * the whole container.
   */
  processes(namespace: string, pod: string): ReadonlyMap<string, number>;
  /** Where the address that a pod's status shows is reached from here. */
  toLoopback(podIp: string): string | undefined;
  /** Kills all pods, refuses all connections and removes the Node object; a second call does no more. */
  close(): Promise<void>;
}

const NODE_NAME = 'local-node';

/**
 * Registers a Node and runs its pods until `close`, or until this process ends.
 *
 * @throws ECRPS_KUBERNETES_REQUEST_FAILED if the cluster has a node already
 */
export async function startLocalNode(options: LocalNodeOptions): Promise<LocalNode> {
  const { cluster, clock = systemClock } = options;
  const directory = join(cluster.guardian.directory, NODE_NAME);
  await mkdir(join(directory, 'logs'), { recursive: true });
  const client = connect(cluster.kubeconfigPath);
  // Each namespace with a pod keeps a connection or two busy; all else must not wait for one.
  const namespaceClient = connect(cluster.kubeconfigPath);
  const addresses = createAddressBook(cluster.podCidrPrefix);
  const allocatable = readAllocatable();
  const { hostIp } = addresses;
  const logServer = await startLogServer({
    certificatePath: join(cluster.guardian.directory, CERTIFICATE_PATH),
    keyPath: join(cluster.guardian.directory, KEY_PATH),
    logPath: (name) => logPathOf(directory, name),
    isRunning: ({ namespace, pod, container }) => pods.find(namespace, pod)?.processes().has(container) ?? false,
  });
  const { port: logPort } = logServer;
  await registerNode(client, { name: NODE_NAME, hostIp, logPort, allocatable, now: clock.now() });

  const closing = new AbortController();
  const base = { client, clock, logger: options.logger ?? defaultLogger() };
  let removalDelayMs = options.addressRemovalDelayMs ?? 0;
  let closed: Promise<void> | undefined;
  const forwarder = startServiceForwarder({
    ...base,
    serviceCidrPrefix: cluster.serviceCidrPrefix,
    toLoopback: addresses.toLoopback,
    removalDelayMs: () => removalDelayMs,
    closing: closing.signal,
  });
  const context: NodeContext = {
    ...base,
    nodeName: NODE_NAME,
    images: options.images,
    guardian: cluster.guardian,
    addresses,
    allocatable,
    restartBackOff: options.restartBackOff ?? KUBELET_BACK_OFF,
    namespaces: createNamespaceWatcher({ ...base, client: namespaceClient }, closing.signal),
    services: forwarder.services,
    apiServer: apiServerOf(cluster.serverUrl),
    directory,
    closing: closing.signal,
  };
  const pods = startPodWorkers(context);
  startScheduler(context);

  return {
    name: NODE_NAME,
    setAddressRemovalDelay: (ms) => {
      removalDelayMs = ms;
    },
    logs: (namespace, pod, container) =>
      readFile(logPathOf(directory, { namespace, pod, container }), 'utf8').catch(() => ''),
    processes: (namespace, pod) => pods.find(namespace, pod)?.processes() ?? new Map(),
    toLoopback: addresses.toLoopback,
    close: () => (closed ??= close()),
  };

  async function close(): Promise<void> {
    closing.abort();
    forwarder.close();
    logServer.close();
    await pods.close();
    // The cluster may be gone already.
    await removeNode(client, NODE_NAME).catch(() => undefined);
    await Promise.all([client.close(), namespaceClient.close()]);
    await rm(directory, { recursive: true, force: true });
  }
}

function connect(kubeconfigPath: string): KubeClient {
  return createKubeClient({ credentials: fileCredentials(kubeconfigPath), userAgent: NODE_NAME });
}

function defaultLogger(): Logger {
  return createLogger({
    level: 'warn',
    format: 'text',
    name: NODE_NAME,
    destination: { write: (line) => void process.stderr.write(line) },
  });
}

function apiServerOf(serverUrl: string): AddressedService {
  const { hostname: host, port } = new URL(serverUrl);
  return { name: 'kubernetes', host, ports: [{ name: 'https', port: Number(port || 443) }] };
}
