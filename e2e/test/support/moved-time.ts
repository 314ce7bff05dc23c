import { setTimeout as delay } from 'node:timers/promises';
import { readRenewerConfiguration } from '@ecr-pull-secrets/renewer/config/configuration.ts';
import { createKubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { fileCredentials } from '@ecr-pull-secrets/kube/credentials.ts';
import { lead } from '@ecr-pull-secrets/renewer/leader.ts';
import { createRenewerMetrics } from '@ecr-pull-secrets/renewer/metrics.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { createMovableClock, type MovableClock } from '@ecr-pull-secrets/shared/testing/movable-clock.ts';
import {
  type EcrStandIn,
  type EcrStandInOptions,
  startEcrStandIn,
} from '@ecr-pull-secrets/testbed/ecr-stand-in/server.ts';
import { type LocalCluster, startCluster } from '@ecr-pull-secrets/testbed/local-cluster/cluster.ts';
import { createKubeApi, type KubeApi, type Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { type Opened, openTogether } from '@ecr-pull-secrets/testbed/playground/opened.ts';
import { AWS_IDENTITY } from '@ecr-pull-secrets/testbed/playground/playground.ts';

/** User-Agent of the leaders, by which the audit log shows their requests. */
export const LEADER_USER_AGENT = 'leader-in-moved-time';

/** What one leader is made for; leaders of different names never meet. */
export interface LeaderSettings {
  /** Of its checkpoint (`<name>-tokens`) and its pull secrets; namespaces opt in by `for=<name>`. */
  readonly name: string;
  /** Content of its `CONFIG_FILE`. */
  readonly file?: Readonly<Record<string, unknown>>;
  /** What its environment says besides. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** One line of a leader's log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
}

/** The work of a leading renewer. */
export interface Leader {
  readonly log: readonly LogLine[];
  /** How often a message was logged. */
  count(message: string): number;
  /** As when the process ends; resolves when the last request is answered. */
  stop(): Promise<void>;
}

/** A real cluster and a stand-in for AWS, whose time is the test's. */
export interface MovedTime {
  readonly cluster: LocalCluster;
  readonly ecr: EcrStandIn;
  readonly clock: MovableClock;
  readonly api: KubeApi;
  /** Starts the renewer's work as the leader, in this process, from what the cluster remembers. */
  lead(settings: LeaderSettings): Leader;
  /** Lets time pass in steps, in each of which everything that is due wakes and does its work. */
  pass(ms: number, stepMs?: number): Promise<void>;
  /**
   * Lets time pass second by second until a check no longer throws.
   *
   * @returns how long it took, in moved time
   * @throws the check's error after two minutes
   */
  passUntil(check: () => Promise<void>): Promise<number>;
  /** Makes namespaces that opt in to a leader of that name. */
  createNamespaces(names: readonly string[], leader: string): Promise<void>;
  /** The pull secrets that a leader of that name keeps, by namespace. */
  secretsOf(leader: string): Promise<ReadonlyMap<string, Secret>>;
  /** Every line that any leader logged. */
  allLogs(): string;
  close(): Promise<void>;
}

const HOME = `/api/v1/namespaces/${PRODUCT_NAME}`;

const GIVE_UP_AFTER_MS = 120_000;

/**
 * The AWS SDK reads its settings from this process's environment and the time from `Date.now`, so both
 * are set: the caller must have the process alone.
 */
export function startMovedTime(options: MovedTimeOptions = {}): Promise<MovedTime> {
  return openTogether((opened) => open(options, opened));
}

interface MovedTimeOptions extends Pick<EcrStandInOptions, 'roles' | 'identities'> {
  readonly audit?: boolean;
}

async function open(
  { roles = [], identities = [AWS_IDENTITY], audit = false }: MovedTimeOptions,
  opened: Opened,
): Promise<MovedTime> {
  const clock = createMovableClock(Date.now.bind(Date));
  Date.now = () => clock.now();
  const cluster = opened.add(await startCluster({ audit }));
  const ecr = opened.add(await startEcrStandIn({ identities, roles, now: () => clock.now() }));
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: AWS_IDENTITY.accessKeyId,
    AWS_SECRET_ACCESS_KEY: AWS_IDENTITY.secretAccessKey,
    AWS_ENDPOINT_URL: ecr.endpoint,
  });
  const credentials = fileCredentials(cluster.kubeconfigPath);
  const testClient = opened.add(createKubeClient({ credentials, userAgent: 'test' }));
  const api = createKubeApi(testClient);
  await api.create('/api/v1/namespaces', { metadata: { name: PRODUCT_NAME } });
  const lines: string[] = [];
  const stops = new Set<() => Promise<void>>();
  opened.add({
    close: async () => {
      await Promise.all([...stops].map((stop) => stop()));
    },
  });

  function startLeader({ name, file = {}, environment = {} }: LeaderSettings): Leader {
    const log: LogLine[] = [];
    const write = (line: string): void => {
      lines.push(line);
      log.push(JSON.parse(line));
    };
    const client = createKubeClient({ credentials, userAgent: LEADER_USER_AGENT });
    const stopping = new AbortController();
    const leading = lead(
      {
        client,
        clock,
        random: Math.random,
        logger: createLogger({ level: 'debug', format: 'json', name, destination: { write } }),
        metrics: createRenewerMetrics(createMetricsRegistry()),
      },
      configurationOf(cluster, { name, file, environment }),
      { serve: async () => undefined, lead: async () => undefined },
      { signal: stopping.signal, isHeld: () => !stopping.signal.aborted },
    );
    const stop = async (): Promise<void> => {
      stops.delete(stop);
      stopping.abort();
      await leading;
      await client.close();
    };
    stops.add(stop);
    return { log, count: (message) => log.filter(({ msg }) => msg === message).length, stop };
  }

  return {
    cluster,
    ecr,
    clock,
    api,
    lead: startLeader,
    pass: async (ms, stepMs = 30_000) => {
      const endMs = clock.now() + ms;
      for (let leftMs = ms; leftMs > 0; leftMs = endMs - clock.now()) {
        clock.move(Math.min(stepMs, leftMs));
        await delay(STEP_PAUSE_MS);
      }
    },
    passUntil: async (check) => {
      const startMs = clock.now();
      for (;;) {
        try {
          await check();
          return clock.now() - startMs;
        } catch (error) {
          if (clock.now() - startMs > GIVE_UP_AFTER_MS) throw error;
        }
        clock.move(1_000);
        await delay(SECOND_PAUSE_MS);
      }
    },
    createNamespaces: async (names, leader) => {
      const labels = { for: leader };
      await Promise.all(names.map((name) => api.create('/api/v1/namespaces', { metadata: { name, labels } })));
    },
    secretsOf: async (leader) => {
      const fieldSelector = `metadata.name=${leader}`;
      const secrets = await api.list<Secret>('/api/v1/secrets', { fieldSelector });
      return new Map(secrets.map((secret) => [secret.metadata.namespace ?? '', secret]));
    },
    allLogs: () => lines.join(''),
    close: opened.close,
  };
}

/** Long enough for a call to AWS, so that what a step begins is mostly over when the next one comes. */
const STEP_PAUSE_MS = 3;

/** Long enough for a portion of writes. */
const SECOND_PAUSE_MS = 25;

/** Where the leader of a name keeps its tokens. */
export function checkpointPath(leader: string): string {
  return `${HOME}/secrets/${leader}-tokens`;
}

function configurationOf({ kubeconfigPath }: LocalCluster, { name, file, environment }: LeaderSettings) {
  const variables = {
    ...environment,
    KUBECONFIG: kubeconfigPath,
    POD_NAME: `${name}-0`,
    POD_NAMESPACE: PRODUCT_NAME,
    SERVICE_NAME: name,
    DOCKER_SECRET_NAME: name,
    NAMESPACE_SELECTOR: `for=${name}`,
    AWS_REGION: 'us-east-1',
    CONFIG_FILE: 'config.json',
  };
  return readRenewerConfiguration(variables, () => JSON.stringify(file));
}
