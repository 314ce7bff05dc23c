import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createFakeClock, type FakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import type { Test } from 'tap';
import { createKubeClient } from '../src/client.ts';
import { type ReflectorOptions, runReflector } from '../src/reflector.ts';
import type { PartialObject } from '../src/objects.ts';
import { type ApiStandIn, type Exchange, startApiStandIn } from './api-stand-in.ts';

export const MINUTE_MS = 60_000;

/** A watch that should have ended is given up after this long. */
export const LONGEST_WATCH_MS = 45_000;

export interface Follower {
  readonly api: ApiStandIn;
  readonly clock: FakeClock;
  /** What was waited before each retry. */
  readonly pauses: number[];
  /** What the handler was told, in order. */
  readonly told: string[];
  /** Lines of the log from `warn` on. */
  readonly warnings: string[];
  readonly signal: AbortSignal;
  /** Stops following; settles when all is over. */
  stop(): Promise<void>;
}

type Overrides = Partial<
  Pick<ReflectorOptions<PartialObject, PartialObject>, 'handler' | 'random'>
>;

export async function startFollower(t: Test, overrides: Overrides = {}): Promise<Follower> {
  const api = await startApiStandIn();
  const controller = new AbortController();
  const { signal } = controller;
  const clock = createFakeClock();
  const pauses: number[] = [];
  const told: string[] = [];
  const warnings: string[] = [];
  const client = createKubeClient({
    credentials: async () => ({ server: api.address, authorization: undefined, tls: {} }),
    userAgent: 'test',
  });
  const done = runReflector<PartialObject, PartialObject>({
    client,
    path: '/api/v1/namespaces',
    metadataOnly: true,
    metadataFields: {},
    reduce: (object) => object,
    handler: {
      replace: (objects) => told.push(`replace ${objects.map(describe).join(' ')}`.trim()),
      upsert: (object) => told.push(`upsert ${describe(object)}`),
      remove: (object) => told.push(`remove ${describe(object)}`),
    },
    // The fake clock moves on by itself where a retry waits, and stands still in a watch.
    clock: {
      now: () => clock.now(),
      sleep: async (ms, sleepSignal) => {
        if (ms >= LONGEST_WATCH_MS) return clock.sleep(ms, sleepSignal);
        pauses.push(ms);
        await clock.advance(ms);
      },
    },
    random: () => 0.5,
    logger: createLogger({
      level: 'warn',
      format: 'json',
      name: 'test',
      destination: { write: (line) => warnings.push(line) },
    }),
    signal,
    ...overrides,
  });
  const stop = async (): Promise<void> => {
    controller.abort();
    await done;
  };
  t.teardown(async () => {
    await stop();
    await client.close();
    await api.close();
  });
  return { api, clock, pauses, told, warnings, signal, stop };
}

function describe({ metadata }: PartialObject): string {
  return `${metadata.name}@${metadata.resourceVersion}`;
}

export function named(name: string, resourceVersion: string): PartialObject {
  return { metadata: { name, resourceVersion } };
}

export function list(resourceVersion: string, ...items: readonly PartialObject[]) {
  return { metadata: { resourceVersion }, items };
}

/** Answers the first list with one object and returns the watch that follows. */
export async function startWatching({ api }: Follower): Promise<Exchange> {
  (await api.next()).json(list('10', named('a', '1')));
  return api.next();
}

/** Waits for what other connections bring, without a clock. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 50_000; turn++) {
    if (holds()) return;
    await nextTurn();
  }
  assert.fail(`never: ${what}`);
}

export function isWatch({ url }: Exchange): boolean {
  return url.searchParams.get('watch') === 'true';
}

export function versionOf({ url }: Exchange): string | null {
  return url.searchParams.get('resourceVersion');
}

/** Sends an event and waits until it was taken. */
export async function settled({ told }: Follower, watch: Exchange): Promise<void> {
  const before = told.length;
  watch.event('MODIFIED', named('a', '11'));
  await until('the event', () => told.length > before);
}

export async function closes({ closed }: Exchange): Promise<boolean> {
  await closed;
  return true;
}
