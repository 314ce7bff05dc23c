import t, { type Test } from 'tap';
import { planTokens } from '../../../src/credentials/token-plan.ts';
import { EAST, HOUR_MS, NOW_MS, registryToken, WEST } from '../../support/registry-tokens.ts';
import { startTokenRenewer } from '../../support/started-token-renewer.ts';

const { requests, entries } = planTokens({ registries: [{ host: EAST }, { host: WEST }], region: undefined });
const [east, west] = requests;
const ID = east?.id ?? '';
const entriesOfTokens = Map.groupBy(entries, ({ tokenId }) => tokenId);

/** A renewer with the first token, which registries accept. */
async function startWithToken(t: Test, answer: 'accepted' | 'unknown' = 'accepted') {
  const world = startTokenRenewer({ answer, entriesOfTokens });
  t.teardown(world.stop);
  world.renewer.require(requests.slice(0, 1));
  await world.clock.advance(5 * HOUR_MS);
  const passwordNow = (): string | undefined => world.renewer.tokens.get().get(ID)?.password;
  const refuseAll = (): void => {
    for (let call = 2; call < 100; call++) world.refused.add(`password ${call}`);
  };
  t.equal(passwordNow(), 'password 1');
  return { ...world, passwordNow, refuseAll };
}

t.test('a token that no registry accepts never replaces a good one, until that expires', async (t) => {
  const { clock, calls, published, passwordNow, refuseAll, refusals } = await startWithToken(t);
  refuseAll();
  await clock.advance(6.8 * HOUR_MS);
  t.equal(passwordNow(), 'password 1', '12 minutes before it expires');
  t.equal(published.length, 2, 'nothing is written');
  t.ok(calls.length > 10 && calls.length < 30, `AWS is called ${calls.length} times in six hours`);
  t.same(await refusals(), [{ token: ID, registry: EAST }]);
  await clock.advance(0.12 * HOUR_MS);
  t.not(passwordNow(), 'password 1', 'five minutes before it expires it is of no use any more');
  t.equal(published.length, 3);
});

t.test('the next token that registries accept is used, and the report ends', async (t) => {
  const { clock, passwordNow, refused, refusals, reported } = await startWithToken(t);
  refused.add('password 2').add('password 3');
  await clock.advance(HOUR_MS);
  t.equal(passwordNow(), 'password 4');
  t.same(await refusals(), []);
  const reasons = reported.filter(({ subject }) => subject === `login ${ID}`).map(({ reason }) => reason);
  t.same(reasons.slice(1), ['RegistryRefusedToken', 'RegistryRefusedToken', 'RegistryTokenRenewed']);
  const [, { message } = { message: '' }] = reported.filter(({ subject }) => subject === `login ${ID}`);
  t.match(message, EAST);
  t.match(message, /keep the older token, which logs in there, until 2026-01-01T11:50:00\.000Z at most/);
  t.notMatch(message, 'password');
});

t.test('a registry that does not answer holds nothing up', async (t) => {
  const { clock, passwordNow, published } = await startWithToken(t, 'unknown');
  await clock.advance(HOUR_MS);
  t.equal(passwordNow(), 'password 2');
  t.equal(published.length, 3);
});

t.test('a first token is used at once, and tried again until registries accept it', async (t) => {
  const { clock, renewer, refused, refusals, logins, calls, stop } = startTokenRenewer({
    answer: 'accepted',
    entriesOfTokens,
  });
  t.teardown(stop);
  refused.add('password 1');
  renewer.require(requests.slice(0, 1));
  await clock.advance(3_000);
  t.equal(renewer.tokens.get().size, 1);
  t.same(await refusals(), [{ token: ID, registry: EAST }]);
  await clock.advance(HOUR_MS);
  t.ok(logins.length > 3 && logins.length < 20, `${logins.length} logins`);
  t.equal(calls.length, 1, 'without a call to AWS');
  refused.clear();
  await clock.advance(HOUR_MS);
  t.same(await refusals(), []);
});

t.test('a registry that refuses every token of an identity does not delay the renewal', async (t) => {
  const { clock, passwordNow, refuseAll, refused, refusals } = await startWithToken(t);
  refuseAll();
  refused.add('password 1');
  await clock.advance(HOUR_MS);
  t.equal(passwordNow(), 'password 2');
  t.same(await refusals(), [{ token: ID, registry: EAST }]);
});

t.test('a refused token delays no token of another region, and a refusal ends with the need for it', async (t) => {
  const older = new Map(requests.map(({ id }) => [id, registryToken({ obtainedAtMs: NOW_MS - 6 * HOUR_MS })]));
  const world = startTokenRenewer({ answer: 'accepted', entriesOfTokens, initialTokens: older });
  t.teardown(world.stop);
  world.refused.add('password 1');
  world.renewer.require(requests);
  await world.clock.advance(3_000);
  const passwords = () => requests.map(({ id }) => world.renewer.tokens.get().get(id)?.password);
  t.same(passwords(), ['pass:word', 'password 2']);
  t.same(await world.refusals(), [{ token: ID, registry: EAST }]);
  world.renewer.require(requests.filter(({ id }) => id === west?.id));
  t.same(await world.refusals(), []);
});

t.test('a new leader tries the token in use once, and until registries accept it, without a call to AWS', async (t) => {
  const ofEarlierLeader = new Map([[ID, registryToken({ obtainedAtMs: NOW_MS - HOUR_MS })]]);
  for (const isRefused of [false, true]) {
    const world = startTokenRenewer({ answer: 'accepted', entriesOfTokens, initialTokens: ofEarlierLeader });
    t.teardown(world.stop);
    if (isRefused) world.refused.add('pass:word');
    world.renewer.require(requests.slice(0, 1));
    await world.clock.advance(3_000);
    t.same(await world.refusals(), isRefused ? [{ token: ID, registry: EAST }] : []);
    world.refused.clear();
    await world.clock.advance(HOUR_MS);
    t.same(await world.refusals(), []);
    t.same(world.logins.length, isRefused ? 2 : 1);
    t.same(world.calls, []);
  }
});

t.test('both tokens of a rotation that registries accept are published once', async (t) => {
  const { clock, renewer, published, stop } = startTokenRenewer({ answer: 'accepted', entriesOfTokens });
  t.teardown(stop);
  renewer.require(requests);
  await clock.advance(6 * HOUR_MS);
  t.equal(published.length, 3);
});
