import t from 'tap';
import { planTokens } from '../../src/credentials/token-plan.ts';
import { EAST, HOUR_MS, NOW_MS, registryToken, WEST } from '../support/registry-tokens.ts';
import { startTokenRenewer } from '../support/started-token-renewer.ts';

const [first, second] = planTokens({
  registries: [{ host: EAST }, { host: WEST }],
  region: undefined,
}).requests;
const requests = [first, second].filter((request) => request !== undefined);

t.test('tokens are got at once, renewed together at half life, and published once', async (t) => {
  const { clock, calls, published, renewer, stop } = startTokenRenewer();
  renewer.require(requests);
  await clock.advance(5 * HOUR_MS);
  t.equal(calls.length, 2);
  t.same(
    published.map(({ size }) => size),
    [0, 2],
  );
  await clock.advance(HOUR_MS);
  t.equal(calls.length, 4);
  t.equal(published.length, 3, 'both new tokens come in one piece');
  await stop();
});

t.test('a failure keeps the old token, and AWS is called again after growing waits', async (t) => {
  const { clock, calls, published, failing, renewer, stop } = startTokenRenewer();
  renewer.require(requests.slice(0, 1));
  await clock.advance(5 * HOUR_MS);
  failing.add(first?.id ?? '');
  await clock.advance(HOUR_MS);
  const tries = calls.slice(1).map(({ atMs }) => atMs);
  const waits = tries.slice(1).map((atMs, index) => Math.round((atMs - (tries[index] ?? 0)) / 1000));
  t.equal(Math.round((tries[0] ?? 0) / HOUR_MS / 0.1), 54, 'half life with jitter');
  t.same(waits.slice(0, 6), [1, 2, 4, 8, 16, 30]);
  t.equal(published.length, 2, 'a failure publishes nothing');
  failing.clear();
  await clock.advance(30_000);
  t.equal(published.length, 3);
  await stop();
});

t.test('one token that AWS refuses delays no other', async (t) => {
  const { clock, published, failing, renewer, stop } = startTokenRenewer();
  failing.add(second?.id ?? '');
  renewer.require(requests);
  await clock.advance(1_000);
  t.same([...(published.at(-1)?.keys() ?? [])], [first?.id]);
  await stop();
});

t.test('tokens of the checkpoint are used without a call to AWS, unless they have expired', async (t) => {
  const initial = new Map([
    [first?.id ?? '', registryToken()],
    [second?.id ?? '', registryToken({ expiresAtMs: NOW_MS })],
  ]);
  const { clock, calls, published, renewer, stop } = startTokenRenewer({
    initialTokens: initial,
  });
  renewer.require(requests);
  t.same([...(published[0]?.keys() ?? [])], [first?.id]);
  await clock.advance(HOUR_MS);
  t.same(
    calls.map(({ id }) => id),
    [second?.id],
  );
  await stop();
});

t.test('a token whose end no date can be does not end the renewal when AWS is away', async (t) => {
  const id = first?.id ?? '';
  const initial = new Map([[id, registryToken({ expiresAtMs: 1e300, obtainedAtMs: NOW_MS - 12 * HOUR_MS })]]);
  const { clock, calls, failing, renewer, stop } = startTokenRenewer({ initialTokens: initial });
  failing.add(id);
  renewer.require(requests.slice(0, 1));
  await clock.advance(60_000);
  t.ok(calls.length > 1, 'AWS is called again');
  await stop();
});

t.test('a token that is not required any more is not renewed', async (t) => {
  const { clock, calls, renewer, stop } = startTokenRenewer();
  renewer.require(requests);
  await clock.advance(1_000);
  renewer.require(requests.slice(0, 1));
  await clock.advance(6 * HOUR_MS);
  t.same(
    calls.map(({ id }) => id),
    [first?.id, second?.id, first?.id],
  );
  await stop();
});

t.test('a clock that was ahead and is set back does not stop renewal', async (t) => {
  const ahead = registryToken({ obtainedAtMs: NOW_MS + 24 * HOUR_MS });
  const { clock, calls, renewer, stop } = startTokenRenewer({
    initialTokens: new Map([[first?.id ?? '', ahead]]),
  });
  renewer.require(requests.slice(0, 1));
  await clock.advance(60_000);
  t.equal(calls.length, 1);
  await stop();
});

t.test('tokens that failed together come back together, whatever their waits', async (t) => {
  let draws = 0;
  const { clock, published, failing, renewer, stop } = startTokenRenewer({
    random: () => (draws++ % 2 ? 0.9 : 0.1),
  });
  for (const { id } of requests) failing.add(id);
  renewer.require(requests);
  await clock.advance(60_000);
  failing.clear();
  await clock.advance(60_000);
  t.same(
    published.map(({ size }) => size),
    [0, 2],
  );
  await stop();
});

t.test('one token that hangs delays no other, whether new or tried again', async (t) => {
  const { clock, calls, published, failing, hanging, renewer, stop } = startTokenRenewer();
  const [one = '', two = ''] = requests.map(({ id }) => id);
  hanging.add(two);
  renewer.require(requests.slice(1));
  await clock.advance(1_000);
  failing.add(one);
  renewer.require(requests);
  await clock.advance(10_000);
  t.ok(calls.filter(({ id }) => id === one).length > 3);
  t.equal(calls.filter(({ id }) => id === two).length, 1);
  failing.clear();
  await clock.advance(10_000);
  t.same([...(published.at(-1)?.keys() ?? [])], [one]);
  await stop();
});

t.test('tokens that hang together come back together', async (t) => {
  let draws = 0;
  const { clock, published, hanging, renewer, stop } = startTokenRenewer({
    random: () => (draws++ % 2 ? 0.9 : 0.1),
  });
  for (const { id } of requests) hanging.add(id);
  renewer.require(requests);
  await clock.advance(60_000);
  hanging.clear();
  await clock.advance(60_000);
  t.same(
    published.map(({ size }) => size),
    [0, 2],
  );
  await stop();
});

t.test('tokens that are not required yet, or any more, stay while they are valid', async (t) => {
  const [one = '', two = ''] = requests.map(({ id }) => id);
  const initial = new Map([
    [two, registryToken({ expiresAtMs: NOW_MS + HOUR_MS })],
    ['dead', registryToken({ expiresAtMs: NOW_MS })],
  ]);
  const { clock, calls, published, renewer, required, stop } = startTokenRenewer({
    initialTokens: initial,
  });
  const last = async () => {
    return { required: await required(), living: [...(published.at(-1)?.keys() ?? [])] };
  };
  renewer.require(requests.slice(0, 1));
  await clock.advance(1_000);
  t.same(await last(), { required: [one], living: [two, one] });
  renewer.require(requests.slice(1));
  t.same(await last(), { required: [two], living: [two, one] });
  renewer.require(requests);
  t.same(await last(), { required: [one, two], living: [two, one] });
  await clock.advance(1_000);
  t.equal(calls.length, 1, 'AWS is not called for a token that is known');
  renewer.require(requests.slice(0, 1));
  await clock.advance(6 * HOUR_MS);
  t.same(await last(), { required: [one], living: [one] });
  await stop();
});

t.test('requiring a refused token again and again calls AWS no sooner', async (t) => {
  const { clock, calls, failing, hanging, renewer, stop } = startTokenRenewer();
  const [one = '', two = ''] = requests.map(({ id }) => id);
  failing.add(two);
  const toggle = async (): Promise<void> => {
    renewer.require(requests);
    await clock.advance(50);
    renewer.require(requests.slice(0, 1));
    await clock.advance(50);
  };
  for (let round = 0; round < 100; round++) await toggle();
  const callsOfTwo = () => calls.filter(({ id }) => id === two).length;
  t.ok(callsOfTwo() <= 5, `${callsOfTwo()} calls in 10 s, as with waits of 1, 2, 4 and 8 s`);
  t.ok(callsOfTwo() >= 3, 'and it is not given up');
  t.equal(calls.filter(({ id }) => id === one).length, 1);

  failing.delete(two);
  hanging.add(two);
  renewer.require(requests);
  await clock.advance(30_000);
  const before = callsOfTwo();
  for (let round = 0; round < 100; round++) await toggle();
  t.ok(callsOfTwo() - before <= 1, 'nor while an answer is waited for');
  await stop();
});

t.test('an expired token of the checkpoint shows in no metric until its renewal', async (t) => {
  const id = first?.id ?? '';
  const initialTokens = new Map([[id, registryToken({ obtainedAtMs: NOW_MS - 12 * HOUR_MS, expiresAtMs: NOW_MS })]]);
  const { clock, failing, renewer, required, stop } = startTokenRenewer({ initialTokens });
  failing.add(id);
  renewer.require(requests.slice(0, 1));
  t.same(await required(), [], 'an alert for an expired token would name one of an earlier leader');
  failing.clear();
  await clock.advance(30_000);
  t.same(await required(), [id]);
  await stop();
});

t.test(
  'a token that AWS has never given is missing in a metric, and is an Event after the third failure',
  async (t) => {
    const { clock, failing, renewer, missing, reported, stop } = startTokenRenewer();
    failing.add(second?.id ?? '');
    renewer.require(requests);
    await clock.advance(2_000);
    t.same(await missing(), [second?.id]);
    t.same(
      reported.filter(({ reason }) => reason === 'AwsUnreachable'),
      [],
    );
    await clock.advance(10_000);
    t.match(
      reported.find(({ reason }) => reason === 'AwsUnreachable'),
      {
        subject: `token ${second?.id}`,
        message: /with its AWS identity\. Check the network.* AWS is away$/,
      },
    );
    failing.clear();
    await clock.advance(30_000);
    t.same(await missing(), []);
    await stop();
  },
);
