import { ROLE_ARN_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import t from 'tap';
import type { Write } from '../support/pull-secret-api.ts';
import { DEFAULT_TOKEN, labelled, ROLE, ROLE_TOKEN, startPullSecretWorld } from '../support/pull-secret-world.ts';

function forbid({ exchange }: Write, details: object): void {
  exchange.json({ kind: 'Status', reason: 'Forbidden', message: 'no', details }, 403);
}

t.test('a namespace that is being deleted is no problem, others that refuse are', async (t) => {
  const world = await startPullSecretWorld(t, {
    namespaces: [labelled('terminating'), labelled('full')],
  });
  const causes = [{ reason: 'NamespaceTerminating' }];
  world.onWrite((write) => forbid(write, write.namespace === 'terminating' ? { causes } : {}));
  await world.pass(5_000);
  t.same(
    world.events.map(({ namespace }) => namespace),
    ['full'],
  );
  t.notMatch(world.warnings.join(''), /terminating/);
});

t.test('the token of a role is requested as soon as a namespace uses it, and no longer than that', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('team-a')] });
  await world.pass(1_000);
  t.same(world.required(), [DEFAULT_TOKEN]);
  world.sendNamespace('MODIFIED', labelled('team-a', { [ROLE_ARN_ANNOTATION]: ROLE }));
  await world.pass(500);
  t.same(world.required(), [DEFAULT_TOKEN, ROLE_TOKEN]);
  world.sendNamespace('MODIFIED', labelled('team-a'));
  await world.pass(500);
  t.same(world.required(), [DEFAULT_TOKEN]);
});

t.test('a role that is not allowed is reported at once', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('other')] });
  await world.pass(1_000);
  world.sendNamespace('MODIFIED', labelled('other', { [ROLE_ARN_ANNOTATION]: ROLE }));
  await world.pass(500);
  t.match(world.events, [{ namespace: 'other', reason: 'RoleRefused' }]);
});

t.test('a role whose token is missing after it was there for long is reported after a minute', async (t) => {
  const world = await startPullSecretWorld(t, {
    namespaces: [labelled('team-a', { [ROLE_ARN_ANNOTATION]: ROLE })],
    tokens: [DEFAULT_TOKEN, ROLE_TOKEN],
  });
  await world.pass(200_000);
  world.setTokens(DEFAULT_TOKEN);
  await world.pass(30_000);
  t.same(world.events, [], 'AWS may be about to give it');
  await world.pass(70_000);
  t.match(world.events, [{ namespace: 'team-a', reason: 'RoleWithoutToken' }]);
});

t.test(
  'a namespace that refuses its secret is retried at once if the secret changes, not if the namespace does',
  async (t) => {
    const world = await startPullSecretWorld(t, { namespaces: [labelled('full')] });
    world.onWrite((write) => forbid(write, {}));
    await world.pass(60_000);
    const before = world.writes.length;
    world.sendNamespace('MODIFIED', labelled('full', { touched: 'yes' }));
    await world.pass(500);
    t.equal(world.writes.length, before);
    world.sendSecret('MODIFIED', { name: 'ecr-pull-secret', namespace: 'full', uid: 'uid-secret-full' });
    await world.pass(500);
    t.equal(world.writes.length, before + 1);
  },
);

function labelledAs(value: string) {
  const { metadata } = labelled('team');
  return { metadata: { ...metadata, labels: { 'ecr-pull-secrets.io/inject': value } } };
}

t.test('a misspelt label is reported at once, and again if it is wrong again, or lasts', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelledAs('Enabled')] });
  await world.pass(40_000);
  t.match(world.events, [
    {
      namespace: 'team',
      reason: 'LabelMisspelt',
      message:
        /inject=Enabled .* no effect.*"kubectl label namespace team ecr-pull-secrets\.io\/inject=enabled --overwrite"/,
    },
  ]);
  t.match(await world.metric('namespace_problems'), { LabelMisspelt: 1, NamespaceExcluded: 0 });
  t.equal(world.writes.length, 0);
  world.sendNamespace('MODIFIED', labelledAs('enabled'));
  await world.pass(40_000);
  t.equal(world.writes.length, 1);
  t.match(await world.metric('namespace_problems'), { LabelMisspelt: 0 });
  world.sendNamespace('MODIFIED', labelledAs('enable'));
  await world.pass(500);
  t.equal(world.events.length, 2);
  world.leap(50 * 60_000);
  await world.pass(40_000);
  t.equal(world.events.length, 3, 'before the API server deletes the Event');
});
