import t from 'tap';
import { createApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { writeFailureCauseOf } from '../../../src/pull-secrets/apply/failure-cause.ts';
import { denialMessage } from '../../../src/pull-secrets/events/event-messages.ts';
import type { Write } from '../../support/pull-secret-api.ts';
import { labelled, startPullSecretWorld } from '../../support/pull-secret-world.ts';

const MINUTE_MS = 60_000;

/** Words of a real API server (1.37.2). */
const DENIED = 'admission webhook "guard.example.com" denied the request: no';
const WEBHOOK_AWAY =
  'Internal error occurred: failed calling webhook "guard.example.com": failed to call webhook: Post "https://guard.x.svc:443/?timeout=10s": service "guard" not found';
const TIMED_OUT = 'Timeout: request did not complete within requested timeout - context deadline exceeded';
const POLICY =
  "secrets \"ecr-pull-secret\" is forbidden: ValidatingAdmissionPolicy 'guard' with binding 'guard' denied request: failed expression: false";
const QUOTA =
  'secrets "ecr-pull-secret" is forbidden: exceeded quota: none, requested: count/secrets=1, used: count/secrets=3, limited: count/secrets=3';
const RIGHTS =
  'secrets "ecr-pull-secret" is forbidden: User "system:serviceaccount:x:y" cannot patch resource "secrets" in API group "" in the namespace "a"';

const TOO_LARGE = 'etcdserver: request is too large';
const TOO_LARGE_TO_SEND =
  'rpc error: code = ResourceExhausted desc = trying to send message larger than max (2624966 vs. 2097152)';

function deny({ exchange }: Write, status: number, message: string): void {
  exchange.json({ kind: 'Status', code: status, message }, status);
}

const cases = {
  'a denial of a webhook that names no code': [400, DENIED],
  'a denial of a webhook that names a code of the server’s': [503, DENIED],
  'a webhook that does not respond': [500, WEBHOOK_AWAY],
  'a webhook that takes longer than the API server waits': [504, TIMED_OUT],
  'an admission policy': [422, POLICY],
  'a quota': [403, QUOTA],
  'a secret that is too large for etcd': [500, TOO_LARGE],
  'a secret that is too large to be sent to etcd': [500, TOO_LARGE_TO_SEND],
} as const;

for (const [title, [status, message]] of Object.entries(cases)) {
  t.test(`${title} is that namespace’s refusal; the others go on`, async (t) => {
    const bad = Array.from({ length: 50 }, (_, i) => labelled(`bad-${i}`));
    const good = Array.from({ length: 50 }, (_, i) => labelled(`good-${i}`));
    const world = await startPullSecretWorld(t, { namespaces: [...bad, ...good] });
    world.onWrite((write) => {
      if (write.namespace.startsWith('good')) write.accept();
      else deny(write, status, message);
    });
    await world.pass(20_000);
    const tries = world.writes.filter((namespace) => namespace.startsWith('bad'));
    // 5 + 10 s are past.
    t.equal(tries.length, 3 * bad.length);
    t.equal(world.writes.length - tries.length, good.length);
    t.equal(world.events.length, bad.length, 'one Event for each');
    t.match(world.events[0], { reason: 'PullSecretRefused' });
    t.equal(world.warnings.length, bad.length, 'one line for each');
    await world.pass(15_000);
    t.match(await world.metric('pull_secrets'), { refused: bad.length, current: good.length });
    t.match(await world.metric('namespace_problems'), { PullSecretRefused: bad.length });
  });
}

t.test('a namespace that refuses for long is retried every few minutes', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('a')] });
  world.onWrite((write) => deny(write, 400, DENIED));
  await world.pass(20 * MINUTE_MS);
  // 5 + 10 + 20 + … + 160 s, then 300 s each.
  t.equal(world.writes.length, 9);
});

t.test('a namespace that is created again does not wait for the back-off of the old one', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('a')] });
  world.onWrite((write) => deny(write, 403, QUOTA));
  await world.pass(MINUTE_MS);
  world.onWrite((write) => write.accept());
  world.sendNamespace('DELETED', labelled('a'));
  world.sendNamespace('ADDED', labelled('a'));
  const before = world.writes.length;
  await world.pass(500);
  t.equal(world.writes.length, before + 1);
});

t.test('numbers that change in a refusal make no new Event, another reason does', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('a')] });
  world.onWrite((write) => deny(write, 403, QUOTA.replaceAll('=3', `=${write.before}`)));
  await world.pass(MINUTE_MS);
  t.ok(world.writes.length > 3);
  t.equal(world.events.length, 1);
  t.equal(world.warnings.length, 1);
  world.onWrite((write) => deny(write, 400, DENIED));
  await world.pass(2 * MINUTE_MS);
  t.equal(world.events.length, 2);
  world.onWrite((write) => {
    if (write.before % 2 === 0) deny(write, 400, DENIED);
    else deny(write, 403, QUOTA);
  });
  await world.pass(12 * MINUTE_MS);
  t.equal(world.events.length, 2, 'two that take turns are not reported again');
});

t.test('a webhook with ever new messages causes a few Events at most', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('a')] });
  world.onWrite((write) => deny(write, 400, `${DENIED} ${'x'.repeat(write.before)}`));
  await world.pass(MINUTE_MS);
  t.ok(world.writes.length > 3);
  t.ok(world.events.length <= 3, `${world.events.length} Events`);
});

t.test('namespaces that are slow to refuse leave room for the others', async (t) => {
  const slow = Array.from({ length: 100 }, (_, i) => labelled(`slow-${i}`));
  const world = await startPullSecretWorld(t, { namespaces: slow });
  const held: Write[] = [];
  world.onWrite((write) => deny(write, 500, WEBHOOK_AWAY));
  await world.pass(500);
  world.onWrite((write) => {
    if (write.namespace === 'new') write.accept();
    else held.push(write);
  });
  await world.pass(6_000);
  t.equal(held.length, 25, 'not every writer waits for them');
  world.sendNamespace('ADDED', labelled('new'));
  await world.pass(500);
  t.equal(world.writes.at(-1), 'new');
  for (const write of held) write.exchange.destroy();
});

t.test('a write that is slow is reported once, until one is quick', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('a'), labelled('b')] });
  const held: Write[] = [];
  world.onWrite((write) => {
    if (write.namespace === 'a') held.push(write);
    else write.accept();
  });
  for (let write = 1; write <= 2; write++) {
    await world.pass(20_000);
    const last = held.pop()?.accept();
    await world.pass(1_000);
    if (last) world.sendSecret('DELETED', last);
  }
  t.match(world.events, [{ namespace: 'a', reason: 'PullSecretSlow', message: /took 2\d s/ }]);
  t.equal(world.events.length, 1);
  await world.pass(20_000);
  t.match(await world.metric('namespace_problems'), { PullSecretSlow: 1 });
  world.onWrite((write) => write.accept());
  const last = held.pop()?.accept();
  if (last) world.sendSecret('DELETED', last);
  await world.pass(MINUTE_MS);
  t.match(await world.metric('namespace_problems'), { PullSecretSlow: 0 });
  t.match(await world.metric('pull_secrets'), { current: 2 });
});

t.test('the time for which the process was stopped is not blamed on a webhook', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('written'), labelled('cut')] });
  const held: Write[] = [];
  world.onWrite((write) => void held.push(write));
  await world.pass(500);
  world.leap(21_000);
  world.onWrite((write) => write.accept());
  for (const write of held) {
    if (write.namespace === 'written') write.accept();
    else write.exchange.destroy();
  }
  await world.pass(5_000);
  t.same(world.writes, ['written', 'cut', 'cut']);
  t.same(world.events, []);
});

t.test(
  'a 504 that comes at once is the failure of a proxy, and one that comes late is that of the namespace',
  async (t) => {
    const world = await startPullSecretWorld(t, { namespaces: [labelled('a'), labelled('b')] });
    world.onWrite((write) => (write.before === 0 ? deny(write, 504, '') : write.accept()));
    await world.pass(5_000);
    t.same(world.writes.toSorted(), ['a', 'a', 'b']);
    t.same(world.events, []);
    t.match(await world.metric('pull_secret_writes_total'), { error: 1, success: 2 });
    const late = await startPullSecretWorld(t, { namespaces: [labelled('late')] });
    const held: Write[] = [];
    late.onWrite((write) => void held.push(write));
    await late.pass(6_000);
    for (const write of held) deny(write, 504, '');
    await late.pass(500);
    t.match(late.events, [{ reason: 'PullSecretRefused', message: /did not finish the write in time/ }]);
  },
);

t.test('a write that is cut off after long is its namespace’s matter', async (t) => {
  const world = await startPullSecretWorld(t, { namespaces: [labelled('cut')] });
  const held: Write[] = [];
  world.onWrite((write) => void held.push(write));
  await world.pass(20_000);
  held[0]?.exchange.destroy();
  await world.pass(250);
  world.onWrite((write) => write.accept());
  world.sendNamespace('ADDED', labelled('new'));
  await world.pass(250);
  t.same(world.writes, ['cut', 'new'], 'no namespace waits');
  t.match(world.events, [{ reason: 'PullSecretRefused', message: /did not finish the write/ }]);
  t.match(await world.metric('pull_secret_writes_total'), { refused: 1, success: 1 });
});

t.test('the advice fits the cause', (t) => {
  t.match(adviceFor(400, DENIED), /admission webhook refuses.*The API server responded:.*guard/);
  t.match(adviceFor(500, WEBHOOK_AWAY), /admission webhook.*does not respond/);
  t.match(adviceFor(422, POLICY), /admission policy refuses/);
  t.notMatch(adviceFor(422, POLICY), /immutable/);
  t.match(adviceFor(403, QUOTA), /quota/);
  t.match(adviceFor(403, RIGHTS), /create and patch .* list/);
  t.match(adviceFor(422, 'data: Forbidden: field is immutable'), /immutable or not of type/);
  t.match(adviceFor(504, TIMED_OUT), /did not finish.*timeoutSeconds.*requested timeout/);
  t.match(adviceFor(403, 'no'), /Secret "s" may not be written/);
  t.match(adviceFor(400, 'no'), /Secret "s" could not be written/);
  t.end();
});

function adviceFor(status: number, message: string): string {
  const text = JSON.stringify({ message });
  const error = createApiError('PATCH /x', { status, retryAfter: undefined, text });
  const failure = writeFailureCauseOf(error, 0);
  return failure.kind === 'refused' ? denialMessage(failure.cause, error, 's') : failure.kind;
}

t.test('a read that fails is not reported as a write, nor blamed on a webhook', async (t) => {
  const world = await startPullSecretWorld(t, {
    namespaces: [labelled('a'), labelled('b')],
    secrets: ['a', 'b'].map((namespace) => ({
      metadata: { name: 'ecr-pull-secret', namespace, uid: 'u', resourceVersion: '7' },
    })),
  });
  world.onRead((namespace) => (namespace === 'a' ? 403 : 504));
  await world.pass(MINUTE_MS);
  t.ok(world.reads.filter((namespace) => namespace === 'b').length > 2, 'it is tried again');
  t.match(world.events, [{ namespace: 'a', reason: 'PullSecretRefused' }]);
  t.equal(world.events.length, 1);
  t.same(await world.metric('pull_secret_writes_total'), {});
  t.match(world.warnings.join(), /reading a pull secret failed/);
});
