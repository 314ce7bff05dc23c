import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createFakeClock, type FakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import type { Test } from 'tap';
import { createKubeClient } from '../src/client.ts';
import { NAMESPACES_PATH } from '../src/object-names.ts';
import { type ReflectorSettings, runReflector } from '../src/reflector.ts';
import type { PartialObjectMetadata } from '../src/objects.ts';
import { type ApiStandIn, type Exchange, startApiStandIn } from './api-stand-in.ts';

export const MINUTE_MS = 60_000;

/** A watch that should have ended is given up after this long. */
export const LONGEST_WATCH_MS = 45_000;

export interface Follower {
  readonly api: ApiStandIn;
  readonly clock: FakeClock;
  /** The wait before each retry, in ms. */
  readonly pauses: number[];
  /** The handler's calls, in order. */
  readonly calls: string[];
  /** Lines of the log from `warn` on. */
  readonly warnings: string[];
  readonly signal: AbortSignal;
  /** Stops following; settles when all is over. */
  stop(): Promise<void>;
}

interface Overrides {
  readonly handler?: ReflectorSettings<PartialObjectMetadata, PartialObjectMetadata>['handler'];
  readonly random?: () => number;
}

export async function startFollower(t: Test, { handler, random = () => 0.5 }: Overrides = {}): Promise<Follower> {
  const api = await startApiStandIn();
  const controller = new AbortController();
  const { signal } = controller;
  const clock = createFakeClock();
  const pauses: number[] = [];
  const calls: string[] = [];
  const warnings: string[] = [];
  const client = createKubeClient({
    credentials: async () => ({ server: api.address, authorization: undefined, tls: {} }),
    userAgent: 'test',
  });
  const logger = createLogger({
    level: 'warn',
    format: 'json',
    name: 'test',
    destination: { write: (line) => warnings.push(line) },
  });
  // The fake clock advances by itself if a retry waits, and stands still in a watch.
  const advancing: Clock = {
    now: () => clock.now(),
    sleep: async (ms, sleepSignal) => {
      if (ms >= LONGEST_WATCH_MS) return clock.sleep(ms, sleepSignal);
      pauses.push(ms);
      await clock.advance(ms);
    },
  };
  const done = runReflector<PartialObjectMetadata, PartialObjectMetadata>(
    { client, clock: advancing, random, logger },
    {
      path: NAMESPACES_PATH,
      metadataOnly: true,
      metadataFields: {},
      reduce: (object) => object,
      handler: handler ?? {
        replace: (objects) => calls.push(`replace ${objects.map(describe).join(' ')}`.trim()),
        upsert: (object) => calls.push(`upsert ${describe(object)}`),
        remove: (object) => calls.push(`remove ${describe(object)}`),
      },
    },
    signal,
  );
  const stop = async (): Promise<void> => {
    controller.abort();
    await done;
  };
  t.teardown(async () => {
    await stop();
    await client.close();
    await api.close();
  });
  return { api, clock, pauses, calls, warnings, signal, stop };
}

function describe({ metadata }: PartialObjectMetadata): string {
  return `${metadata.name}@${metadata.resourceVersion}`;
}

export function named(name: string, resourceVersion: string): PartialObjectMetadata {
  return { metadata: { name, resourceVersion } };
}

export function list(resourceVersion: string, ...items: readonly PartialObjectMetadata[]) {
  return { metadata: { resourceVersion }, items };
}

/** Responds to the first list with one object and returns the watch that follows. */
export async function startWatching({ api }: Follower): Promise<Exchange> {
  (await api.next()).json(list('10', named('a', '1')));
  return api.next();
}

/** Waits until a condition holds that depends on other connections, without a clock. */
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

/** Sends an event and waits until the handler has it. */
export async function settled({ calls }: Follower, watch: Exchange): Promise<void> {
  const before = calls.length;
  watch.event('MODIFIED', named('a', '11'));
  await until('the event', () => calls.length > before);
}

export async function closes({ closed }: Exchange): Promise<boolean> {
  await closed;
  return true;
}
