import t from 'tap';
import { labelled, type PullSecretWorld, startPullSecretWorld } from '../support/pull-secret-world.ts';

const MINUTE_MS = 60_000;

/** Another tool that restores its own content as soon as ours is written. */
function restore(world: PullSecretWorld, namespace: string): void {
  world.onWrite((write) => {
    write.accept();
    if (write.namespace === namespace) world.sendSecret('MODIFIED', foreign(namespace));
  });
}

function foreign(namespace: string) {
  return { name: 'ecr-pull-secret', namespace, uid: `uid-secret-${namespace}` };
}

t.test('a tool that restores a secret on watch is opposed ever more rarely, and reported', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('a'), labelled('b')] });
  restore(world, 'a');
  await world.pass(MINUTE_MS);
  const first = world.writes.filter((namespace) => namespace === 'a').length;
  t.ok(first >= 4, `the first few repairs come at once: ${first}`);
  t.ok(first <= 10, `then waits grow: ${first}`);
  await world.pass(20 * MINUTE_MS);
  const later = world.writes.filter((namespace) => namespace === 'a').length - first;
  t.ok(later >= 3 && later <= 8, `it is not given up: ${later}`);
  t.equal(world.writes.filter((namespace) => namespace === 'b').length, 1, 'others are left alone');
  const events = world.events.filter(({ reason }) => reason === 'PullSecretContested');
  t.equal(events.length, 1, 'reported once');
  t.match(events[0], { namespace: 'a', message: /^Another tool .*--show-managed-fields/ });
  t.equal(world.warnings.length, 1);
  t.equal((await world.metric('pull_secrets'))['contested'], 1);
  t.equal((await world.metric('namespace_problems'))['PullSecretContested'], 1);
});

t.test('a secret that is deleted again and again is created ever more rarely', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('a')] });
  world.onWrite((write) => {
    write.accept();
    world.sendSecret('DELETED', foreign('a'));
  });
  await world.pass(MINUTE_MS);
  t.ok(world.writes.length >= 4 && world.writes.length <= 10, `${world.writes.length} writes`);
  t.match(world.events, [{ reason: 'PullSecretContested' }]);
});

t.test('two releases with other registries do not write in turns for ever', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('a')] });
  world.onWrite((write) => {
    const ours = write.accept();
    const annotations = { ...ours.annotations, 'ecr-pull-secrets.io/plan-hash': 'another' };
    world.sendSecret('MODIFIED', { ...ours, annotations });
  });
  await world.pass(MINUTE_MS);
  t.ok(world.writes.length >= 4 && world.writes.length <= 10, `${world.writes.length} writes`);
  t.match(world.events, [{ reason: 'PullSecretContested' }]);
});

t.test('a tool that changes the secret faster than it can be written is not chased', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('a')] });
  world.onWrite((write) => {
    if (write.before === 0) write.accept();
    else write.exchange.refuse(409);
    world.sendSecret('MODIFIED', foreign('a'));
  });
  await world.pass(MINUTE_MS);
  t.ok(world.writes.length <= 12, `${world.writes.length} writes`);
});

t.test('a tool that changes a secret that is refused is not chased either', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('a')] });
  world.onWrite((write) => {
    write.exchange.refuse(403);
    world.sendSecret('MODIFIED', foreign('a'));
  });
  await world.pass(MINUTE_MS);
  t.ok(world.writes.length <= 12, `${world.writes.length} writes`);
});

t.test('after calm it is forgotten, and the next edit is repaired at once', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('a')] });
  restore(world, 'a');
  await world.pass(MINUTE_MS);
  world.onWrite((write) => write.accept());
  await world.pass(20 * MINUTE_MS);
  t.equal((await world.metric('pull_secrets'))['contested'], 0);
  t.equal((await world.metric('pull_secrets'))['current'], 1);
  const before = world.writes.length;
  world.sendSecret('MODIFIED', foreign('a'));
  await world.pass(500);
  t.equal(world.writes.length, before + 1);
});

t.test('a namespace of the same name is another: nothing is held against it', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('a')] });
  restore(world, 'a');
  await world.pass(5 * MINUTE_MS);
  world.onWrite((write) => write.accept());
  world.sendSecret('DELETED', foreign('a'));
  world.sendNamespace('DELETED', labelled('a'));
  world.sendNamespace('ADDED', labelled('a'));
  const before = world.writes.length;
  await world.pass(500);
  t.equal(world.writes.length, before + 1);
});
