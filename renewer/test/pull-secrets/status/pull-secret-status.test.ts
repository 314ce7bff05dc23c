import t from 'tap';
import { DEFAULT_TOKEN, labelled, ROLE, ROLE_TOKEN, startPullSecretWorld } from '../../support/pull-secret-world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const NONE = {
  current: 0,
  pending: 0,
  refused: 0,
  contested: 0,
  foreign: 0,
  'without-token': 0,
  expired: 0,
};

t.test('without a token, namespaces without a secret are no current ones', async (t) => {
  const world = await startPullSecretWorld(t, {
    namespaces: [labelled('a'), labelled('b')],
    tokens: [],
  });
  await world.pass(MINUTE_MS);
  t.same(await world.metric('pull_secrets'), { ...NONE, 'without-token': 2 });
});

t.test('secrets that expired in an outage are expired, and valid ones are current', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('a')] });
  await world.pass(MINUTE_MS);
  t.same(await world.metric('pull_secrets'), { ...NONE, current: 1 });
  world.leap(13 * HOUR_MS);
  await world.pass(MINUTE_MS);
  t.same(await world.metric('pull_secrets'), { ...NONE, expired: 1 });
});

t.test('a namespace that opted out is not counted, whatever it holds', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('a'), labelled('b')] });
  await world.pass(MINUTE_MS);
  world.sendNamespace('MODIFIED', { metadata: { name: 'a' } });
  await world.pass(MINUTE_MS);
  t.same(await world.metric('pull_secrets'), { ...NONE, current: 1 });
});

t.test('a secret that cannot be written yet is pending', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('a')] });
  world.onWrite(({ exchange }) => exchange.refuse(503));
  await world.pass(MINUTE_MS);
  t.same(await world.metric('pull_secrets'), { ...NONE, pending: 1 });
});

t.test('nothing is counted before both lists are there', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [] });
  t.same(await world.metric('pull_secrets'), {});
});

t.test('a role without a token is reported in its namespace, until it has one', async (t) => {
  const team = labelled('team-a', { 'ecr-pull-secrets.io/role-arn': ROLE });
  const world = await startPullSecretWorld(t, { namespaces: [team, labelled('b')] });
  await world.pass(30_000);
  t.same(world.events, [], 'a new role takes its time');
  await world.pass(2 * MINUTE_MS);
  t.match(world.events, [{ namespace: 'team-a', reason: 'RoleWithoutToken', message: /sts:AssumeRole/ }]);
  t.match(world.events[0]?.message, ROLE);
  t.same(await world.metric('pull_secrets'), { ...NONE, current: 1, 'without-token': 1 });
  t.match(await world.metric('namespace_problems'), { RoleWithoutToken: 1 });
  world.setTokens(DEFAULT_TOKEN, ROLE_TOKEN);
  await world.pass(MINUTE_MS);
  t.same(await world.metric('pull_secrets'), { ...NONE, current: 2 });
  t.match(await world.metric('namespace_problems'), { RoleWithoutToken: 0 });
  t.equal(world.events.length, 1);
});

t.test('a role that the allow-list refuses is counted', async (t) => {
  const greedy = labelled('greedy', { 'ecr-pull-secrets.io/role-arn': ROLE });
  const world = await startPullSecretWorld(t, { namespaces: [greedy] });
  await world.pass(MINUTE_MS);
  t.match(await world.metric('namespace_problems'), { RoleRefused: 1 });
  t.same(await world.metric('pull_secrets'), { ...NONE, current: 1 }, 'it has the default');
});

t.test('an annotation as long as annotations may be is quoted in part', async (t) => {
  const role = `arn:aws:iam::123456789012:role/${'x'.repeat(250_000)}`;
  const world = await startPullSecretWorld(t, {
    namespaces: [labelled('greedy', { 'ecr-pull-secrets.io/role-arn': role })],
  });
  await world.pass(1_000);
  const { message = '' } = world.events[0] ?? {};
  t.ok(message.length < 1_024, `${message.length} characters`);
  t.match(message, /chart value namespaceRoles/);
  t.ok(world.warnings.join('').length < 5_000);
});
