import { text } from 'node:stream/consumers';
import type { ObjectMeta, PartialObjectMetadata } from '@ecr-pull-secrets/kube/objects.ts';
import { secretsPath } from '@ecr-pull-secrets/kube/object-names.ts';
import { type ApiStandIn, type Exchange, startApiStandIn } from '@ecr-pull-secrets/kube/testing/api-stand-in.ts';
import { createFeed, LIST_VERSION, written } from '@ecr-pull-secrets/kube/testing/feed.ts';

/** A write that waits for its response. */
export interface Write {
  readonly namespace: string;
  /** The content of `.dockerconfigjson`. */
  readonly content: string;
  /** How many came before, of all namespaces. */
  readonly before: number;
  readonly exchange: Exchange;
  /** Stores it: the response and the watch have the metadata that it returns. */
  accept(): ObjectMeta;
}

/** The body of a write. */
type WrittenSecret = PartialObjectMetadata & {
  readonly data: { readonly '.dockerconfigjson': string };
};

/** What a read finds: a secret, none, or the status of a failure. */
export type Found = ReadSecret | number | undefined;

/** A secret as a read finds it. */
export interface ReadSecret {
  readonly resourceVersion: string;
  readonly auths: Readonly<Record<string, unknown>>;
}

/** An API server with namespaces and pull secrets, which the test plays. */
export interface PullSecretApi {
  readonly address: string;
  /** Namespaces whose secret was to be written, in order. */
  readonly writes: readonly string[];
  /** Namespaces whose secret was read, in order. */
  readonly reads: readonly string[];
  /** Responds to each write from now on; without it each is accepted. */
  onWrite(respond: (write: Write) => unknown): void;
  /** What a read finds from now on; without it the last version, and no credentials in it. */
  onRead(find: (namespace: string) => Found): void;
  /** Sends an event of the watch of secrets; returns the version of the event. */
  sendSecret(type: 'MODIFIED' | 'DELETED', metadata: ObjectMeta): string;
  /** Sends an event of the watch of namespaces. */
  sendNamespace(type: 'ADDED' | 'MODIFIED' | 'DELETED', namespace: PartialObjectMetadata): void;
  /** The API server goes away; the function returned brings it back. */
  cut(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export async function startPullSecretApi(
  namespaces: readonly PartialObjectMetadata[],
  secrets: readonly PartialObjectMetadata[],
): Promise<PullSecretApi> {
  let api: ApiStandIn | undefined = await startApiStandIn();
  const { address, port } = api;
  const writes: string[] = [];
  const reads: string[] = [];
  const secretsFeed = createFeed(secrets);
  const namespacesFeed = createFeed(namespaces);
  let version = LIST_VERSION;
  let respondToWrite: (write: Write) => unknown = accept;
  const versions = new Map<string | undefined, string>();
  let find = (namespace: string): Found => ({
    resourceVersion: versions.get(namespace) ?? '',
    auths: {},
  });

  async function serve(from: ApiStandIn): Promise<void> {
    for (;;) {
      // It waits for five seconds at a time.
      const exchange = await from.next().catch(() => undefined);
      if (api !== from) return;
      if (exchange) void respond(exchange);
    }
  }

  async function respond(exchange: Exchange): Promise<void> {
    const { url, request } = exchange;
    if (request.method === 'PATCH') return void respondToWrite(await readWrite(exchange));
    const [, namespace] = /namespaces\/([^/]+)\/secrets$/.exec(url.pathname) ?? [];
    if (namespace !== undefined) return respondToRead(exchange, namespace);
    const feed = url.pathname === secretsPath() ? secretsFeed : namespacesFeed;
    if (url.searchParams.has('watch')) feed.watch(exchange);
    else feed.list(exchange);
  }

  function respondToRead(exchange: Exchange, namespace: string): void {
    reads.push(namespace);
    const found = find(namespace);
    if (typeof found === 'number') return exchange.refuse(found);
    const content = JSON.stringify({ auths: found?.auths });
    const secret = {
      metadata: { resourceVersion: found?.resourceVersion },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(content).toString('base64') },
    };
    exchange.json({ items: found ? [secret] : [] });
  }

  async function readWrite(exchange: Exchange): Promise<Write> {
    const { metadata, data }: WrittenSecret = JSON.parse(await text(exchange.request));
    const { namespace = '', annotations = {} } = metadata;
    const before = writes.push(namespace) - 1;
    return {
      namespace,
      content: Buffer.from(data['.dockerconfigjson'], 'base64').toString(),
      before,
      exchange,
      accept: () => {
        const object = { metadata: written({ namespace, annotations, version: ++version }) };
        exchange.json(object);
        secretsFeed.send('MODIFIED', object);
        return object.metadata;
      },
    };
  }

  async function stop(): Promise<void> {
    const last = api;
    api = undefined;
    await last?.close();
  }

  void serve(api);
  return {
    address,
    writes,
    reads,
    onWrite: (next) => {
      respondToWrite = next;
    },
    onRead: (next) => {
      find = next;
    },
    sendSecret: (type, metadata) => {
      const resourceVersion = String(++version);
      secretsFeed.send(type, { metadata: { ...metadata, resourceVersion } });
      versions.set(metadata.namespace, resourceVersion);
      return resourceVersion;
    },
    sendNamespace: (type, { metadata }) => {
      const resourceVersion = String(++version);
      namespacesFeed.send(type, { metadata: { ...metadata, resourceVersion } });
    },
    cut: async () => {
      await stop();
      return async () => {
        api = await startApiStandIn(port);
        void serve(api);
      };
    },
    close: stop,
  };
}

function accept(write: Write): unknown {
  return write.accept();
}
