import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { createCertificateAuthority } from '@ecr-pull-secrets/certs-scripts/issue/certificate-authority.ts';
import { generateRsaKeyPair } from '@ecr-pull-secrets/certs-scripts/issue/key-pair.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { createFakeClock, type FakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t, { type Test } from 'tap';
import { createKubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { createRenewerMetrics } from '../../src/metrics.ts';
import { createObservable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import type { CaSecret } from '../../src/webhook-tls/ca-secret.ts';
import { createFirstCa } from '../../src/webhook-tls/create-first-ca.ts';
import { runCaBundleReconciler } from '../../src/webhook-tls/ca-bundle-reconciler.ts';
import { NOTHING_READ, type Published } from '../../src/webhook-tls/published-ca-bundle.ts';
import { type Exchange, startApiStandIn } from '@ecr-pull-secrets/kube/testing/api-stand-in.ts';
import { createFeed, LIST_VERSION } from '@ecr-pull-secrets/kube/testing/feed.ts';

const MINUTE_MS = 60_000;

/** How much time passes between two looks at what the connections brought. */
const STEP_MS = 250;

const TIMES = { caLifetimeMs: 1e10, servingLifetimeMs: 1e9, trustPropagationMs: MINUTE_MS };

const keyPair = await generateRsaKeyPair();
const make = async (commonName: string): Promise<string> =>
  (await createCertificateAuthority({ commonName, now: new Date(), keyPair })).certificatePem;
const encode = (pem: string): string => Buffer.from(pem).toString('base64');

/** Configurations of webhooks as they are with a bundle. */
function configurationWith(caBundle: string, version: number) {
  return {
    metadata: { name: 'hook', resourceVersion: String(version) },
    webhooks: [{ name: 'one.example', clientConfig: { caBundle } }],
  };
}

interface World {
  readonly context: {
    readonly client: ReturnType<typeof createKubeClient>;
    readonly clock: FakeClock;
    readonly random: () => number;
    readonly logger: ReturnType<typeof createLogger>;
    readonly metrics: ReturnType<typeof createRenewerMetrics>;
  };
  readonly signal: AbortSignal;
  readonly logged: readonly string[];
  /** Moves the time on, and lets connections do their part in between. */
  pass(ms: number): Promise<void>;
  /** Runs until the test is over. */
  run(work: () => Promise<void>): void;
}

async function startWorld(t: Test, answer: (exchange: Exchange) => unknown): Promise<World> {
  const api = await startApiStandIn();
  const clock = createFakeClock();
  const stop = new AbortController();
  const logged: string[] = [];
  const client = createKubeClient({
    credentials: async () => ({ server: api.address, authorization: undefined, tls: {} }),
    userAgent: 'test',
  });
  void (async () => {
    while (!stop.signal.aborted) {
      const exchange = await api.next().catch(() => undefined);
      if (exchange) void answer(exchange);
    }
  })();
  const destination = { write: (line: string) => void logged.push(line) };
  const context = {
    client,
    clock,
    random: () => 1,
    logger: createLogger({ level: 'info', format: 'json', name: 'test', destination }),
    metrics: createRenewerMetrics(createMetricsRegistry()),
  };
  const running: Promise<void>[] = [];
  t.teardown(async () => {
    stop.abort();
    await Promise.all(running);
    await client.close();
    await api.close();
  });
  return {
    context,
    signal: stop.signal,
    logged,
    pass: async (ms) => {
      for (let passed = 0; passed < ms; passed += STEP_MS) {
        await clock.advance(Math.min(STEP_MS, ms - passed));
        await delay(2);
      }
    },
    run: (work) => void running.push(work()),
  };
}

t.test(
  'who clears caBundle again and again is fought at a pace, and a new bundle waits for nothing',
  async (t) => {
    const [first, second] = [await make('first'), await make('second')];
    let version = LIST_VERSION;
    const feed = createFeed([configurationWith('', version)]);
    const writes: string[] = [];
    const world = await startWorld(t, async (exchange) => {
      const isWatch = exchange.url.searchParams.has('watch');
      if (exchange.request.method === 'GET')
        return isWatch ? feed.watch(exchange) : feed.list(exchange);
      const { webhooks } = JSON.parse(await text(exchange.request));
      writes.push(webhooks[0].clientConfig.caBundle);
      exchange.json({ metadata: { name: 'hook', resourceVersion: String(++version) } });
      feed.send('MODIFIED', configurationWith(writes.at(-1) ?? '', version));
      feed.send('MODIFIED', configurationWith('', ++version));
    });
    const source = createObservable(first);
    const published = createObservable<Published>(NOTHING_READ);
    const { signal } = world;
    world.run(() =>
      runCaBundleReconciler({
        ...world.context,
        webhookName: 'hook',
        trusted: { source, current: () => source.get() },
        published,
        leadership: { signal, isHeld: () => true },
      }),
    );

    await world.pass(500);
    t.ok(writes.length >= 2, `the first repairs come at once: ${writes.length}`);
    await world.pass(30_000);
    const fought = writes.length;
    t.ok(fought <= 15, `then waits grow: ${fought} in half a minute`);
    await world.pass(30_000);
    t.ok(writes.length - fought >= 4, `it is not given up: ${writes.length - fought} more`);

    source.set(second);
    await world.pass(100);
    t.equal(writes.at(-1), encode(second), 'at once, in the middle of a wait');
  },
);

t.test('a replica makes the first authority where no leader does, and only then', async (t) => {
  const cases = {
    'no leader makes one': {
      leaderMakesAfterMs: Infinity,
      status: 200,
      made: 1,
      said: /made a cert/,
    },
    'a leader is slower than most': {
      leaderMakesAfterMs: 15_000,
      status: 200,
      made: 0,
      said: /^$/,
    },
    'another replica was quicker': {
      leaderMakesAfterMs: Infinity,
      status: 409,
      made: 1,
      said: /^$/,
    },
    'it is refused': {
      leaderMakesAfterMs: Infinity,
      status: 403,
      made: 1,
      said: /"level":"error"/,
    },
  };
  for (const [title, { leaderMakesAfterMs, status, made, said }] of Object.entries(cases)) {
    await t.test(title, async (t) => {
      const bodies: string[] = [];
      const world = await startWorld(t, async (exchange) => {
        bodies.push(await text(exchange.request));
        if (status === 200) exchange.json({ metadata: { name: 's-ca' } });
        else exchange.refuse(status);
      });
      const state = createObservable<CaSecret>({ kind: 'absent' });
      const { context, signal } = world;
      world.run(() =>
        createFirstCa({ ...context, state, namespace: 'n', name: 's-ca', times: TIMES, signal }),
      );
      await world.pass(14_950);
      if (leaderMakesAfterMs < Infinity)
        state.set({ kind: 'present', secret: { metadata: { name: 's-ca' } } });
      await world.pass(4_950);
      t.equal(bodies.length, 0, 'a leader has time');
      await world.pass(200);
      // A new key takes real time.
      for (let turn = 0; turn < 500 && bodies.length < made; turn++) await delay(10);
      await delay(50);
      t.equal(bodies.length, made);
      for (const body of bodies)
        t.equal(JSON.parse(body).metadata.resourceVersion, '1', 'only creates');
      t.match(world.logged.join(''), said);
    });
  }
});
