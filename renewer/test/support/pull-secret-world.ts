import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createObservable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import { createKubeClient } from '@ecr-pull-secrets/kube/client.ts';
import type { EventContent } from '@ecr-pull-secrets/kube/event-recorder.ts';
import type { PartialObjectMetadata } from '@ecr-pull-secrets/kube/objects.ts';
import type { Test } from 'tap';
import { readRenewerConfiguration } from '../../src/config/configuration.ts';
import { createCredentialStore } from '../../src/credentials/credential-store.ts';
import type { RegistryToken, RegistryTokens } from '../../src/credentials/registry-token.ts';
import type { TokenRequest } from '../../src/credentials/token-plan.ts';
import { createRenewerMetrics } from '../../src/metrics.ts';
import { createPullSecretController } from '../../src/pull-secrets/controller.ts';
import { type PullSecretApi, startPullSecretApi } from './pull-secret-api.ts';

export const ROLE = 'arn:aws:iam::123456789012:role/team';

/** Ids of the tokens that the namespaces here need. */
export const DEFAULT_TOKEN = 'ecr us-east-1';
export const ROLE_TOKEN = `${DEFAULT_TOKEN} ${ROLE}`;

const HOUR_MS = 3_600_000;

/** How much time passes before connections may proceed; less if little passes in all. */
const STEP_MS = { short: 250, long: 5_000 };

/** From here on steps are long. */
const LONG_MS = 120_000;

/** What responses of a local server need to arrive. */
const SETTLE_MS = 2;

/** The controller in front of an API server that the test plays, in a time that the test moves. */
export interface PullSecretWorld extends PullSecretApi {
  /** In order. */
  readonly events: readonly EventContent[];
  /** Lines of the log from `warn` on, but for those of the watches, which this clock lets run out. */
  readonly warnings: readonly string[];
  /** Moves the time on, step by step, and lets connections proceed in between. */
  pass(ms: number): Promise<void>;
  /** Sets the clock, on or back, without a step in between. */
  leap(ms: number): void;
  /** Ids of the tokens that are required now. */
  required(): readonly string[];
  /** Sets tokens that live for twelve hours, by the ids of their requests. */
  setTokens(...ids: readonly string[]): void;
  /** A gauge or counter, by its label. */
  metric(name: string): Promise<Readonly<Record<string, number>>>;
}

export function labelled(name: string, annotations: Record<string, string> = {}): PartialObjectMetadata {
  const labels = { 'ecr-pull-secrets.io/inject': 'enabled' };
  return { metadata: { name, uid: `uid-${name}`, resourceVersion: '1', labels, annotations } };
}

const configuration = readRenewerConfiguration(
  {
    POD_NAME: 'p',
    POD_NAMESPACE: 'home',
    AWS_REGION: 'us-east-1',
    CONFIG_FILE: 'config.json',
  },
  () => JSON.stringify({ namespaceRoles: [{ roleArn: ROLE, namespaces: 'team-*' }] }),
);

export async function startPullSecretWorld(
  t: Test,
  options: {
    readonly namespaces: readonly PartialObjectMetadata[];
    readonly secrets?: readonly PartialObjectMetadata[];
    readonly tokens?: readonly string[];
  },
): Promise<PullSecretWorld> {
  const { namespaces, secrets = [], tokens: tokenIds = [DEFAULT_TOKEN] } = options;
  const api = await startPullSecretApi(namespaces, secrets);
  const time = createFakeClock();
  let leaptMs = 0;
  const clock: Clock = {
    now: () => time.now() + leaptMs,
    sleep: (ms, signal) => time.sleep(ms, signal),
  };
  const stop = new AbortController();
  const events: EventContent[] = [];
  const warnings: string[] = [];
  const client = createKubeClient({
    credentials: async () => ({ server: api.address, authorization: undefined, tls: {} }),
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
  const registry = createMetricsRegistry();
  const tokensOf = (ids: readonly string[]): RegistryTokens => new Map(ids.map((id) => [id, tokenOf(id, clock.now())]));
  const tokens = createObservable(tokensOf(tokenIds));
  let required: readonly string[] = [];
  const require = (requests: readonly TokenRequest[]): void => {
    required = requests.map(({ id }) => id);
  };
  const tokenRenewer = { tokens, require };
  const controller = createPullSecretController(
    {
      client,
      clock,
      random: () => 1,
      logger,
      metrics: createRenewerMetrics(registry),
      credentials: createCredentialStore({ clock, tokenRenewer }, configuration),
      events: {
        add: (event) => {
          if (event.type !== 'Normal') events.push(event);
        },
        forget: () => undefined,
      },
    },
    configuration,
    stop.signal,
  );
  const running = controller.run();
  t.teardown(async () => {
    stop.abort();
    await running;
    await client.close();
    await api.close();
  });
  return {
    ...api,
    events,
    warnings,
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
    required: () => required,
    setTokens: (...ids) => tokens.set(tokensOf(ids)),
    metric: async (name) => {
      const values = (await registry.getSingleMetric(`ecr_pull_secrets_${name}`)?.get())?.values;
      return Object.fromEntries((values ?? []).map(({ labels, value }) => [Object.values(labels).join(), value]));
    },
  };
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
