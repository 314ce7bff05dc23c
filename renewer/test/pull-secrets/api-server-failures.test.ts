import t from 'tap';
import type { Write } from '../support/pull-secret-api.ts';
import { labelled, type PullSecretWorld, startPullSecretWorld } from '../support/pull-secret-world.ts';

const NAMESPACES = 2_000;

/** Until everything is written after the failures. */
const RECOVERY_MS = 30_000;

const namespaces = Array.from({ length: NAMESPACES }, (_, i) => labelled(`n${i}`));

/** How many writes there were during the failures, and in how many namespaces after them. */
async function failFor(world: PullSecretWorld, fail: (write: Write) => void) {
  world.onWrite(fail);
  await world.pass(20_000);
  const attempts = world.writes.length;
  world.onWrite((write) => write.accept());
  await world.pass(RECOVERY_MS);
  return { attempts, recovered: new Set(world.writes.slice(attempts)).size };
}

t.test('all writers heed the Retry-After of a busy API server', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces });
  const { attempts, recovered } = await failFor(world, ({ exchange }) => exchange.refuse(429, { 'retry-after': '4' }));
  t.ok(attempts >= 20 && attempts <= 60, `${attempts} requests in 20 s`);
  t.equal(recovered, NAMESPACES);
  t.ok(world.warnings.length <= 2, `${world.warnings.length} lines`);
  t.same(world.events, []);
});

t.test('an API server that fails gets ever fewer writes', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces });
  const { attempts, recovered } = await failFor(world, ({ exchange }) => exchange.refuse(503));
  t.ok(attempts >= 20 && attempts <= 60, `${attempts} requests in 20 s`);
  t.equal(recovered, NAMESPACES);
  t.ok(world.warnings.length <= 2, `${world.warnings.length} lines`);
  t.same(world.events, []);
});

t.test('an API server that is out of reach gets ever fewer writes', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces });
  const { attempts, recovered } = await failFor(world, ({ exchange }) => exchange.destroy());
  t.ok(attempts >= 20 && attempts <= 60, `${attempts} requests in 20 s`);
  t.equal(recovered, NAMESPACES);
  t.ok(world.warnings.length <= 4, `${world.warnings.length} lines`);
});

t.test('an API server that was away is served everything when it is back', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces, tokens: [] });
  await world.pass(1_000);
  const comeBack = await world.cut();
  world.setTokens('ecr us-east-1');
  await world.pass(20_000);
  t.same(world.writes, []);
  await comeBack();
  await world.pass(RECOVERY_MS);
  t.equal(new Set(world.writes).size, NAMESPACES);
  t.ok(world.warnings.length <= 10, `${world.warnings.length} lines`);
});

t.test('a Retry-After counts for half a minute at most', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('a')] });
  world.onWrite(({ exchange }) => exchange.refuse(429, { 'retry-after': '3600' }));
  await world.pass(1_000);
  world.onWrite((write) => write.accept());
  await world.pass(20_000);
  t.equal(world.writes.length, 1);
  await world.pass(20_000);
  t.equal(world.writes.length, 2);
});

t.test('one failure among many successes does not slow the others down for long', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: namespaces.slice(0, 200) });
  world.onWrite((write) => {
    if (write.namespace === 'n7') write.exchange.refuse(500);
    else write.accept();
  });
  await world.pass(3_000);
  t.equal(new Set(world.writes).size, 200);
});

t.test('an API server that has only just started is not a namespace’s refusal', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: namespaces.slice(0, 50) });
  const message = 'secrets "x" is forbidden: not yet ready to handle request';
  const { recovered } = await failFor(world, ({ exchange }) =>
    exchange.json({ kind: 'Status', reason: 'Forbidden', message }, 403),
  );
  t.equal(recovered, 50);
  t.same(world.events, []);
});
