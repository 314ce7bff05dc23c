import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import type { Test } from 'tap';
import { readRenewerConfiguration } from '../../src/config/configuration.ts';
import { createKubeClient } from '@ecr-pull-secrets/kube/client.ts';
import type { EventContent } from '@ecr-pull-secrets/kube/event-recorder.ts';
import type { ObjectMeta, PartialObject } from '@ecr-pull-secrets/kube/objects.ts';
import { createRenewerMetrics } from '../../src/metrics.ts';
import { createObservable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import { createCredentialStore } from '../../src/credentials/credential-store.ts';
import type { EventQueue } from '../../src/pull-secrets/events/event-queue.ts';
import { createPullSecretController } from '../../src/pull-secrets/controller.ts';
import type { RegistryToken, RegistryTokens } from '../../src/credentials/registry-token.ts';
import {
  type ApiStandIn,
  type Exchange,
  startApiStandIn,
} from '@ecr-pull-secrets/kube/testing/api-stand-in.ts';
import { createFeed, LIST_VERSION, written } from '@ecr-pull-secrets/kube/testing/feed.ts';

export const ROLE = 'arn:aws:iam::123456789012:role/team';

/** Ids of the tokens that the namespaces here need. */
export const DEFAULT_TOKEN = 'ecr us-east-1';
export const ROLE_TOKEN = `${DEFAULT_TOKEN} ${ROLE}`;

const HOUR_MS = 3_600_000;

/** How much time passes between two looks at what the connections brought; less where little passes. */
const STEP_MS = { short: 250, long: 5_000 };

/** From here on steps are long. */
const LONG_MS = 120_000;

/** What answers of a local server need to arrive. */
const SETTLE_MS = 2;

/** A write that waits for its answer. */
export interface Write {
  readonly namespace: string;
  /** The content of `.dockerconfigjson`. */
  readonly document: string;
  /** How many came before, of all namespaces. */
  readonly before: number;
  readonly exchange: Exchange;
  /** Takes it: the answer and the watch tell of what it returns. */
  accept(): ObjectMeta;
}

/** The body of a write. */
type WrittenSecret = PartialObject & { readonly data: { readonly '.dockerconfigjson': string } };

/** What a read finds: a secret, none, or the status of a refusal. */
export type Found = ReadSecret | number | undefined;

/** A secret as a read finds it. */
export interface ReadSecret {
  readonly resourceVersion: string;
  readonly auths: Readonly<Record<string, unknown>>;
}

/** The controller in front of an API server that the test plays, in a time that the test moves. */
export interface PullSecretWorld {
  /** Namespaces whose secret somebody asked to write, in order. */
  readonly writes: readonly string[];
  readonly notices: readonly EventContent[];
  /** Namespaces whose secret somebody asked to read, in order. */
  readonly reads: readonly string[];
  /** Lines of the log from `warn` on, but for those of the watches, which this clock lets run out. */
  readonly warnings: readonly string[];
  /** Answers each write from now on; taken unless told. */
  onWrite(answer: (write: Write) => unknown): void;
  /** What a read finds from now on; unless told, the last version, and no credentials in it. */
  onRead(find: (namespace: string) => Found): void;
  /** Moves the time on, step by step, and lets connections do their part in between. */
  pass(ms: number): Promise<void>;
  /** Sets the clock, on or back, while nobody looks. */
  leap(ms: number): void;
  /** Gives tokens that live for twelve hours, by the ids of their requests. */
  giveTokens(...ids: readonly string[]): void;
  /** What the watch of the secrets tells; returns the version that it gives it. */
  tellSecret(type: 'MODIFIED' | 'DELETED', metadata: ObjectMeta): string;
  /** What the watch of the namespaces tells. */
  tellNamespace(type: 'ADDED' | 'MODIFIED' | 'DELETED', namespace: PartialObject): void;
  /** The API server goes away; the function returned brings it back. */
  cut(): Promise<() => Promise<void>>;
  /** A gauge or counter, by its label. */
  metric(name: string): Promise<Readonly<Record<string, number>>>;
}

export function labelled(name: string, annotations: Record<string, string> = {}): PartialObject {
  const labels = { 'ecr-pull-secrets.io/inject': 'enabled' };
  return { metadata: { name, uid: `uid-${name}`, resourceVersion: '1', labels, annotations } };
}

export async function startPullSecretWorld(
  t: Test,
  options: {
    readonly namespaces: readonly PartialObject[];
    readonly secrets?: readonly PartialObject[];
    readonly tokens?: readonly string[];
  },
): Promise<PullSecretWorld> {
  const { namespaces, secrets = [], tokens: given = [DEFAULT_TOKEN] } = options;
  let api: ApiStandIn | undefined = await startApiStandIn();
  const { address: server, port } = api;
  const time = createFakeClock();
  let leaptMs = 0;
  const clock: Clock = {
    now: () => time.now() + leaptMs,
    sleep: (ms, signal) => time.sleep(ms, signal),
  };
  const stop = new AbortController();
  const writes: string[] = [];
  const reads: string[] = [];
  const notices: EventContent[] = [];
  const warnings: string[] = [];
  const secretsFeed = createFeed(secrets);
  const namespacesFeed = createFeed(namespaces);
  let version = LIST_VERSION;
  let answerWrite: (write: Write) => unknown = accept;
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
      if (exchange) void answer(exchange);
    }
  }

  async function answer(exchange: Exchange): Promise<void> {
    const { url, request } = exchange;
    if (request.method === 'PATCH') return void answerWrite(await readWrite(exchange));
    const [, namespace] = /namespaces\/([^/]+)\/secrets$/.exec(url.pathname) ?? [];
    if (namespace !== undefined) return answerRead(exchange, namespace);
    const feed = url.pathname === '/api/v1/secrets' ? secretsFeed : namespacesFeed;
    if (url.searchParams.has('watch')) feed.watch(exchange);
    else feed.list(exchange);
  }

  function answerRead(exchange: Exchange, namespace: string): void {
    reads.push(namespace);
    const found = find(namespace);
    if (typeof found === 'number') return exchange.refuse(found);
    const document = JSON.stringify({ auths: found?.auths });
    const secret = {
      metadata: { resourceVersion: found?.resourceVersion },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(document).toString('base64') },
    };
    exchange.json({ items: found ? [secret] : [] });
  }

  async function readWrite(exchange: Exchange): Promise<Write> {
    const { metadata, data }: WrittenSecret = JSON.parse(await text(exchange.request));
    const { namespace = '', annotations = {} } = metadata;
    const before = writes.push(namespace) - 1;
    return {
      namespace,
      document: Buffer.from(data['.dockerconfigjson'], 'base64').toString(),
      before,
      exchange,
      accept: () => {
        const object = { metadata: written({ namespace, annotations, version: ++version }) };
        exchange.json(object);
        secretsFeed.tell('MODIFIED', object);
        return object.metadata;
      },
    };
  }

  const client = createKubeClient({
    credentials: async () => ({ server, authorization: undefined, tls: {} }),
    userAgent: 'test',
  });
  const logger = createLogger({
    level: 'warn',
    format: 'json',
    name: 'test',
    destination: {
      write: (line) => {
        if (!line.includes('list and watch failed')) warnings.push(line);
      },
    },
  });
  const file = { namespaceRoles: [{ roleArn: ROLE, namespaces: 'team-*' }] };
  const configuration = readRenewerConfiguration(
    {
      POD_NAME: 'p',
      POD_NAMESPACE: 'home',
      AWS_REGION: 'us-east-1',
      CONFIG_FILE: 'config.json',
    },
    () => JSON.stringify(file),
  );
  const registry = createMetricsRegistry();
  const tokensOf = (ids: readonly string[]): RegistryTokens =>
    new Map(ids.map((id) => [id, tokenOf(id, clock.now())]));
  const tokens = createObservable(tokensOf(given));
  const tokenRenewer = { tokens, require: () => undefined };
  const credentials = createCredentialStore({ clock, tokenRenewer }, configuration);
  const events: EventQueue = {
    add: (event) => void notices.push(event),
    forget: () => undefined,
  };
  const metrics = createRenewerMetrics(registry);
  const controller = createPullSecretController(
    { client, clock, random: () => 1, logger, metrics, credentials, events },
    configuration,
    stop.signal,
  );
  void serve(api);
  const running = controller.run();
  t.teardown(async () => {
    stop.abort();
    await running;
    await client.close();
    const last = api;
    api = undefined;
    await last?.close();
  });
  return {
    writes,
    reads,
    notices,
    warnings,
    onWrite: (next) => {
      answerWrite = next;
    },
    onRead: (next) => {
      find = next;
    },
    pass: async (ms) => {
      const step = ms < LONG_MS ? STEP_MS.short : STEP_MS.long;
      for (let passed = 0; passed < ms; passed += step) {
        await time.advance(Math.min(step, ms - passed));
        await delay(SETTLE_MS);
      }
    },
    leap: (ms) => {
      leaptMs += ms;
    },
    giveTokens: (...ids) => tokens.set(tokensOf(ids)),
    tellSecret: (type, metadata) => {
      const resourceVersion = String(++version);
      secretsFeed.tell(type, { metadata: { ...metadata, resourceVersion } });
      versions.set(metadata.namespace, resourceVersion);
      return resourceVersion;
    },
    tellNamespace: (type, { metadata }) => {
      const resourceVersion = String(++version);
      namespacesFeed.tell(type, { metadata: { ...metadata, resourceVersion } });
    },
    cut: async () => {
      const last = api;
      api = undefined;
      await last?.close();
      return async () => {
        api = await startApiStandIn(port);
        void serve(api);
      };
    },
    metric: async (name) => {
      const values = (await registry.getSingleMetric(`ecr_pull_secrets_${name}`)?.get())?.values;
      return Object.fromEntries(
        (values ?? []).map(({ labels, value }) => [Object.values(labels).join(), value]),
      );
    },
  };
}

function accept(write: Write): unknown {
  return write.accept();
}

function tokenOf(id: string, nowMs: number): RegistryToken {
  return {
    username: 'AWS',
    password: `password of ${id}`,
    registry: 'https://123456789012.dkr.ecr.us-east-1.amazonaws.com',
    obtainedAtMs: nowMs,
    expiresAtMs: nowMs + 12 * HOUR_MS,
  };
}
