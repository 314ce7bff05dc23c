import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t from 'tap';
import { createRenewerMetrics } from '../../src/metrics.ts';
import type { RegistryToken, RegistryTokens } from '../../src/credentials/registry-token.ts';
import { createTokenRenewer, type TokenRenewer } from '../../src/credentials/token-renewer.ts';
import { planTokens, type TokenRequest } from '../../src/credentials/token-plan.ts';

const HOUR_MS = 3_600_000;

/** After this long a token source gives up. */
const LIMIT_MS = 25_000;

const nowMs = Date.UTC(2026, 0, 1);
const east = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const west = '123456789012.dkr.ecr.us-west-2.amazonaws.com';

function token(changes: Partial<RegistryToken> = {}): RegistryToken {
  return {
    username: 'AWS',
    password: 'x',
    registry: `https://${east}`,
    obtainedAtMs: nowMs,
    expiresAtMs: nowMs + 12 * HOUR_MS,
    ...changes,
  };
}

const [first, second] = planTokens({
  registries: [{ host: east }, { host: west }],
  region: undefined,
}).requests;
const requests = [first, second].filter((request) => request !== undefined);

interface Kept {
  readonly clock: ReturnType<typeof createFakeClock>;
  readonly asked: { readonly id: string; readonly atMs: number }[];
  readonly told: { readonly tokens: RegistryTokens; readonly living: RegistryTokens }[];
  readonly failing: Set<string>;
  readonly hanging: Set<string>;
  readonly keeper: TokenRenewer;
  readonly stop: () => Promise<void>;
}

function keep(initial: RegistryTokens = new Map(), random = () => 0.999_999): Kept {
  const clock = createFakeClock(nowMs);
  const controller = new AbortController();
  const asked: Kept['asked'][number][] = [];
  const told: Kept['told'][number][] = [];
  const failing = new Set<string>();
  const hanging = new Set<string>();
  const keeper = createTokenRenewer({
    tokenSource: async ({ id }: TokenRequest, signal) => {
      asked.push({ id, atMs: clock.now() - nowMs });
      if (hanging.has(id)) await clock.sleep(LIMIT_MS, signal);
      if (hanging.has(id)) throw new Error('AWS is silent');
      if (failing.has(id)) throw new Error('AWS is away');
      return token({ obtainedAtMs: clock.now(), expiresAtMs: clock.now() + 12 * HOUR_MS });
    },
    initial,
    onTokens: (tokens, living) => told.push({ tokens, living }),
    clock,
    random,
    logger: createLogger({
      level: 'silent',
      format: 'json',
      name: 'test',
      destination: { write: () => {} },
    }),
    metrics: createRenewerMetrics(createMetricsRegistry()),
    signal: controller.signal,
  });
  const running = keeper.run();
  return {
    clock,
    asked,
    told,
    failing,
    hanging,
    keeper,
    stop: async () => {
      controller.abort();
      await running;
    },
  };
}

t.test('tokens are got at once, renewed together at half life, and told of once', async (t) => {
  const { clock, asked, told, keeper, stop } = keep();
  keeper.require(requests);
  await clock.advance(5 * HOUR_MS);
  t.equal(asked.length, 2);
  t.same(
    told.map(({ tokens }) => tokens.size),
    [0, 2],
  );
  await clock.advance(HOUR_MS);
  t.equal(asked.length, 4);
  t.equal(told.length, 3, 'both new tokens come in one piece');
  await stop();
});

t.test('a failure keeps the old token, and AWS is asked again after growing waits', async (t) => {
  const { clock, asked, told, failing, keeper, stop } = keep();
  keeper.require(requests.slice(0, 1));
  await clock.advance(5 * HOUR_MS);
  failing.add(first?.id ?? '');
  await clock.advance(HOUR_MS);
  const tries = asked.slice(1).map(({ atMs }) => atMs);
  const waits = tries
    .slice(1)
    .map((atMs, index) => Math.round((atMs - (tries[index] ?? 0)) / 1000));
  t.equal(Math.round((tries[0] ?? 0) / HOUR_MS / 0.1), 54, 'half life with jitter');
  t.same(waits.slice(0, 6), [1, 2, 4, 8, 16, 30]);
  t.equal(told.length, 2, 'a failure tells nothing');
  failing.clear();
  await clock.advance(30_000);
  t.equal(told.length, 3);
  await stop();
});

t.test('one token that AWS refuses keeps no other waiting', async (t) => {
  const { clock, told, failing, keeper, stop } = keep();
  failing.add(second?.id ?? '');
  keeper.require(requests);
  await clock.advance(1_000);
  t.same([...(told.at(-1)?.tokens.keys() ?? [])], [first?.id]);
  await stop();
});

t.test('tokens of the checkpoint are used without asking AWS, unless they are dead', async (t) => {
  const initial = new Map([
    [first?.id ?? '', token()],
    [second?.id ?? '', token({ expiresAtMs: nowMs })],
  ]);
  const { clock, asked, told, keeper, stop } = keep(initial);
  keeper.require(requests);
  t.same([...(told[0]?.tokens.keys() ?? [])], [first?.id]);
  await clock.advance(HOUR_MS);
  t.same(
    asked.map(({ id }) => id),
    [second?.id],
  );
  await stop();
});

t.test('a token whose end no date can be does not end the renewal when AWS is away', async (t) => {
  const id = first?.id ?? '';
  const initial = new Map([
    [id, token({ expiresAtMs: 1e300, obtainedAtMs: nowMs - 12 * HOUR_MS })],
  ]);
  const { clock, asked, failing, keeper, stop } = keep(initial);
  failing.add(id);
  keeper.require(requests.slice(0, 1));
  await clock.advance(60_000);
  t.ok(asked.length > 1, 'AWS is asked again');
  await stop();
});

t.test('a token that nobody requires any more is not renewed', async (t) => {
  const { clock, asked, keeper, stop } = keep();
  keeper.require(requests);
  await clock.advance(1_000);
  keeper.require(requests.slice(0, 1));
  await clock.advance(6 * HOUR_MS);
  t.same(
    asked.map(({ id }) => id),
    [first?.id, second?.id, first?.id],
  );
  await stop();
});

t.test('a clock that was ahead and is set back does not stop renewal', async (t) => {
  const { clock, asked, keeper, stop } = keep(
    new Map([
      [
        first?.id ?? '',
        token({ obtainedAtMs: nowMs + 24 * HOUR_MS, expiresAtMs: nowMs + 36 * HOUR_MS }),
      ],
    ]),
  );
  keeper.require(requests.slice(0, 1));
  await clock.advance(60_000);
  t.equal(asked.length, 1);
  await stop();
});

t.test('tokens that failed together come back together, whatever their waits', async (t) => {
  let draws = 0;
  const { clock, told, failing, keeper, stop } = keep(new Map(), () => (draws++ % 2 ? 0.9 : 0.1));
  for (const { id } of requests) failing.add(id);
  keeper.require(requests);
  await clock.advance(60_000);
  failing.clear();
  await clock.advance(60_000);
  t.same(
    told.map(({ tokens }) => tokens.size),
    [0, 2],
  );
  await stop();
});

t.test('one token that hangs keeps no other waiting, whether new or tried again', async (t) => {
  const { clock, asked, told, failing, hanging, keeper, stop } = keep();
  const [one = '', two = ''] = requests.map(({ id }) => id);
  hanging.add(two);
  keeper.require(requests.slice(1));
  await clock.advance(1_000);
  failing.add(one);
  keeper.require(requests);
  await clock.advance(10_000);
  t.ok(asked.filter(({ id }) => id === one).length > 3);
  t.equal(asked.filter(({ id }) => id === two).length, 1);
  failing.clear();
  await clock.advance(10_000);
  t.same([...(told.at(-1)?.tokens.keys() ?? [])], [one]);
  await stop();
});

t.test('tokens that hang together come back together', async (t) => {
  let draws = 0;
  const { clock, told, hanging, keeper, stop } = keep(new Map(), () => (draws++ % 2 ? 0.9 : 0.1));
  for (const { id } of requests) hanging.add(id);
  keeper.require(requests);
  await clock.advance(60_000);
  hanging.clear();
  await clock.advance(60_000);
  t.same(
    told.map(({ tokens }) => tokens.size),
    [0, 2],
  );
  await stop();
});

t.test('tokens that nobody requires yet, or any more, are kept while they live', async (t) => {
  const [one = '', two = ''] = requests.map(({ id }) => id);
  const initial = new Map([
    [two, token({ expiresAtMs: nowMs + HOUR_MS })],
    ['dead', token({ expiresAtMs: nowMs })],
  ]);
  const { clock, asked, told, keeper, stop } = keep(initial);
  const last = () => {
    const { tokens = new Map(), living = new Map() } = told.at(-1) ?? {};
    return { required: [...tokens.keys()], living: [...living.keys()] };
  };
  keeper.require(requests.slice(0, 1));
  await clock.advance(1_000);
  t.same(last(), { required: [one], living: [two, one] });
  keeper.require(requests.slice(1));
  t.same(last(), { required: [two], living: [two, one] });
  keeper.require(requests);
  t.same(last(), { required: [one, two], living: [two, one] });
  await clock.advance(1_000);
  t.equal(asked.length, 1, 'AWS is asked for nothing that is known');
  keeper.require(requests.slice(0, 1));
  await clock.advance(6 * HOUR_MS);
  t.same(last(), { required: [one], living: [one] });
  await stop();
});

t.test('requiring a refused token again and again asks AWS no sooner', async (t) => {
  const { clock, asked, failing, hanging, keeper, stop } = keep();
  const [one = '', two = ''] = requests.map(({ id }) => id);
  failing.add(two);
  const toggle = async (): Promise<void> => {
    keeper.require(requests);
    await clock.advance(50);
    keeper.require(requests.slice(0, 1));
    await clock.advance(50);
  };
  for (let round = 0; round < 100; round++) await toggle();
  const calls = () => asked.filter(({ id }) => id === two).length;
  t.ok(calls() <= 5, `${calls()} calls in 10 s, as with waits of 1, 2, 4 and 8 s`);
  t.ok(calls() >= 3, 'and it is not given up');
  t.equal(asked.filter(({ id }) => id === one).length, 1);

  failing.delete(two);
  hanging.add(two);
  keeper.require(requests);
  await clock.advance(30_000);
  const before = calls();
  for (let round = 0; round < 100; round++) await toggle();
  t.ok(calls() - before <= 1, 'nor while an answer is waited for');
  await stop();
});
