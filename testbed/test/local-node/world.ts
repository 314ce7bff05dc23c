import { createKubeClient, type KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { fileCredentials } from '@ecr-pull-secrets/kube/credentials.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { type LocalCluster, startCluster } from '../../src/local-cluster/cluster.ts';
import type { Container, EndpointSlice, Pod, PodSpec } from '../../src/local-node/api/objects.ts';
import { type LocalNode, startLocalNode } from '../../src/local-node/local-node.ts';
import type { ContainerStatus, PodStatus } from '../../src/local-node/pods/status.ts';
import { eventually } from '../../src/playground/eventually.ts';

/** The image whose containers do what a request says. */
export const IMAGE = 'local-node/test:1';

const PROGRAM = fileURLToPath(new URL('../fixtures/container-program.ts', import.meta.url));

/**
 * Short, so that tests need not wait: 0, 0.3, 0.6, 1.2, 2.4, then 4.8 s. What runs for twice the last
 * is well again, which on a busy machine a program that only starts and exits must not be.
 */
const RESTART_BACK_OFF = { baseMs: 300, capMs: 4_800 };

/**
 * Options of tests that run together, as many as the parent's `jobs`. A new object each time: tap
 * keeps it as the test's own.
 */
export function parallel(): { buffered: true } {
  return { buffered: true };
}

/** One cluster with one node, for all tests of a file. */
export interface World {
  readonly cluster: LocalCluster;
  readonly node: LocalNode;
  readonly client: KubeClient;
  /** Moves the node's clock on. */
  skip(ms: number): void;
  close(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const cluster = await startCluster();
  let skippedMs = 0;
  const clock: Clock = {
    now: () => Date.now() + skippedMs,
    sleep: async (ms, signal) => {
      await delay(ms, undefined, signal ? { signal } : {}).catch(() => undefined);
    },
  };
  const client = createKubeClient({
    credentials: fileCredentials(cluster.kubeconfigPath),
    userAgent: 'local-node-test',
  });
  const node = await startLocalNode({
    cluster,
    clock,
    images: {
      [IMAGE]: { entrypoint: [process.execPath, PROGRAM], environment: { FROM: 'image' } },
    },
    restartBackOff: RESTART_BACK_OFF,
  });
  return {
    cluster,
    node,
    client,
    skip: (ms) => {
      skippedMs += ms;
    },
    close: async () => {
      await node.close();
      await client.close();
      await cluster.close();
    },
  };
}

/** What the program in a container says about itself. */
export interface Self {
  readonly env: Record<string, string>;
  readonly argv: string[];
  readonly cwd: string;
}

/** A pod as a test reads it. */
export type SeenPod = Pod & { readonly status: PodStatus };

/** What a test may say of a pod beyond its first container. */
export type PodOptions = Partial<PodSpec> & { readonly automountServiceAccountToken?: boolean };

/** A namespace of one test. */
export interface Room {
  readonly name: string;
  /** Creates an object of the core API, or of another by its path. */
  create(collection: string, object: unknown): Promise<void>;
  patch(path: string, body: unknown): Promise<void>;
  delete(path: string, body?: unknown): Promise<void>;
  get<T>(path: string): Promise<T | undefined>;
  /** Creates a pod of our image; with one container named `main` by default. */
  run(name: string, container: Partial<Container>, spec?: PodOptions): Promise<void>;
  pod(name: string): Promise<SeenPod | undefined>;
  /** Waits until a pod is as wanted. */
  untilPod(name: string, isWanted: (pod: SeenPod) => unknown): Promise<SeenPod>;
  untilGone(name: string): Promise<void>;
  /** Sends a request to the program in a pod. */
  ask<T = unknown>(pod: string, path: string, body?: string, port?: number): Promise<T>;
  slices(service: string): Promise<EndpointSlice[]>;
  /** Reasons and messages of a pod's events. */
  events(pod: string): Promise<string[]>;
}

/** Makes a namespace in which pods can be created at once; it goes with the test. */
export async function createRoom(t: Test, { client, node }: World): Promise<Room> {
  const name = `room-${randomBytes(4).toString('hex')}`;
  const core = `/api/v1/namespaces/${name}`;
  const metadata = { name };
  await client.request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata } });
  t.teardown(() => client.request({ method: 'DELETE', path: core }));
  await until('the ServiceAccount', () => read(client, `${core}/serviceaccounts/default`));
  const at = (path: string): string => (path.startsWith('/') ? path : `${core}/${path}`);
  const pod = (podName: string): Promise<SeenPod | undefined> => read<SeenPod>(client, `${core}/pods/${podName}`);

  async function untilPod(podName: string, isWanted: (seen: SeenPod) => unknown): Promise<SeenPod> {
    let last: SeenPod | undefined;
    try {
      return await until(`pod ${podName}`, async () => {
        last = await pod(podName);
        return last && isWanted(last) ? last : undefined;
      });
    } catch (error) {
      throw new Error(`the pod's status was ${JSON.stringify(last?.status)}`, { cause: error });
    }
  }

  return {
    name,
    pod,
    untilPod,
    create: async (collection, body) => {
      await client.request({ method: 'POST', path: at(collection), body });
    },
    get: (path) => read(client, at(path)),
    patch: async (path, body) => {
      const contentType = 'application/merge-patch+json';
      await client.request({ method: 'PATCH', path: at(path), body, contentType });
    },
    delete: async (path, body) => {
      await client.request({ method: 'DELETE', path: at(path), body });
    },
    run: async (podName, container, spec = {}) => {
      const labels = { app: podName };
      const containers = [{ name: 'main', image: IMAGE, ...container }];
      const body = { metadata: { name: podName, labels }, spec: { containers, ...spec } };
      await client.request({ method: 'POST', path: `${core}/pods`, body });
    },
    untilGone: async (podName) => {
      await until(`end of ${podName}`, async () => !(await pod(podName)) || undefined);
    },
    ask: async (podName, path, body, port = 8080) => {
      const { status } = await untilPod(podName, (seen) => seen.status.podIP);
      const address = node.toLoopback(status.podIP ?? '');
      return askAt(`http://${address}:${port}${path}`, body);
    },
    slices: async (service) => {
      const { items } = await client.request<{ items: EndpointSlice[] }>({
        method: 'GET',
        path: `/apis/discovery.k8s.io/v1/namespaces/${name}/endpointslices`,
        query: { labelSelector: `kubernetes.io/service-name=${service}` },
      });
      return items;
    },
    events: async (podName) => {
      const { items } = await client.request<{ items: { reason: string; message: string }[] }>({
        method: 'GET',
        path: `${core}/events`,
        query: { fieldSelector: `involvedObject.name=${podName}` },
      });
      return items.map(({ reason, message }) => `${reason}: ${message}`);
    },
  };
}

/** Sends a request to the program at an address over a connection of its own; waits until it listens. */
export async function askAt<T = unknown>(url: string, body?: string): Promise<T> {
  const { status, answer } = await until(url, () => ask(url, body).catch(() => undefined));
  if (status !== 200) throw new Error(`${url} answered ${answer}`);
  // The program's answers have the shape that the tests expect; a wrong shape fails the test.
  const parsed: T = JSON.parse(answer || 'null');
  return parsed;
}

async function ask(url: string, body?: string): Promise<{ status: number; answer: string }> {
  const sent = request(url, { method: body === undefined ? 'GET' : 'POST', agent: false });
  sent.end(body);
  const [response] = await once(sent, 'response');
  if (!(response instanceof IncomingMessage)) throw new TypeError('no HTTP response');
  return { status: response.statusCode ?? 0, answer: await text(response) };
}

async function read<T>(client: KubeClient, path: string): Promise<T | undefined> {
  try {
    return await client.request<T>({ method: 'GET', path });
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}

/** Looks again and again until there is something to see. */
export function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  return eventually(what, async () => {
    const seen = await look();
    if (seen === undefined) throw new Error('there is nothing to see');
    return seen;
  });
}

/** Whether a condition of a pod is true. */
export function isTrue(pod: SeenPod, type: string): boolean {
  // A new pod has none.
  const conditions: PodStatus['conditions'] | undefined = pod.status.conditions;
  return conditions?.some((one) => one.type === type && one.status === 'True') ?? false;
}

export function isReady(pod: SeenPod): boolean {
  return isTrue(pod, 'Ready');
}

/** The status of a pod's container, of the first one by default; nothing if none is written yet. */
export function containerOf({ status }: SeenPod, index = 0): ContainerStatus | undefined {
  const statuses: PodStatus['containerStatuses'] | undefined = status.containerStatuses;
  return statuses?.[index];
}

/** Waits until a process is gone, or is a zombie that its parent has not collected yet. */
export async function untilDead(pid: number): Promise<void> {
  await until(`the end of process ${pid}`, async () => {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return commandLine === '' || undefined;
  });
}
