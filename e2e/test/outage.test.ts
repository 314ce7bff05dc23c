import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import t from 'tap';
import type { Fault } from '@ecr-pull-secrets/testbed/ecr-stand-in/faults.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { AWS_IDENTITY, REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { checkpointPath, type Leader, LEADER_USER_AGENT, startMovedTime } from './support/moved-time.ts';
import { documentOf, pullSecretsOf } from './support/pull-secret.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

const GOT = 'got a registry token';
const FAILED = 'getting a registry token failed; will retry';

const ROLE = `arn:aws:iam::${AWS_IDENTITY.account}:role/pull-west`;
const WEST = REGISTRY.replace('us-east-1', 'us-west-2');

const world = await startMovedTime({
  audit: true,
  roles: [{ arn: ROLE, trustedPrincipals: [AWS_IDENTITY.account] }],
});
t.teardown(() => world.close());
const { api, ecr, clock } = world;
const { secretIn, loginWith } = pullSecretsOf(world);

function namesOf(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

function newestPassword(): string {
  return ecr.issuedTokens().at(-1)?.password ?? 'none yet';
}

/** Throws unless all these namespaces, and no others, have the newest token. */
async function assertCurrent(leader: string, names: readonly string[]): Promise<void> {
  const secrets = await world.secretsOf(leader);
  assert.equal(secrets.size, names.length);
  const password = newestPassword();
  for (const [namespace, secret] of secrets) {
    assert.ok(documentOf(secret).includes(password), namespace);
  }
}

/** What changes with each write, by namespace. */
async function versionsOf(leader: string): Promise<Readonly<Record<string, string | undefined>>> {
  const secrets = await world.secretsOf(leader);
  return Object.fromEntries([...secrets].map(([namespace, { metadata }]) => [namespace, metadata.resourceVersion]));
}

/** How an outage of AWS may look. */
const FAULTS: readonly Fault[] = [
  { kind: 'error', code: 'InternalFailure', status: 500 },
  { kind: 'disconnect' },
  { kind: 'throttle' },
  { kind: 'hang' },
];

/** Waits of full jitter up to 30 s are 15 s on average; a hot loop would call hundreds of times. */
const MOST_FAILURES_IN_FIVE_MINUTES = 40;

t.test('AWS is away for six hours, in four ways', async (t) => {
  const name = 'outage';
  const namespaces = namesOf(name, 20);
  await world.createNamespaces(namespaces, name);
  const leader = world.lead({ name });
  t.teardown(() => leader.stop());
  await filled(name, namespaces);

  for (const fault of FAULTS) {
    await t.test(`no secret changes while AWS gives ${fault.kind}`, async (t) => {
      await world.pass(5 * HOUR_MS, 10 * MINUTE_MS);
      const before = await versionsOf(name);
      const callsBeforeOutage = ecr.calls.length;
      const endOutage = ecr.faults.add(fault);
      await world.pass(6 * HOUR_MS - 5 * MINUTE_MS, 30_000);
      const failuresBefore = leader.count(FAILED);
      const callsBefore = ecr.calls.length;
      await world.pass(5 * MINUTE_MS, 1_000);
      const failures = leader.count(FAILED) - failuresBefore;
      t.comment(`the last five minutes: ${failures} failures, ${ecr.calls.length - callsBefore} calls`);
      t.ok(ecr.calls.length > callsBeforeOutage, 'the token was due');
      t.ok(failures < MOST_FAILURES_IN_FIVE_MINUTES, 'AWS is not called without a pause');
      t.same(await versionsOf(name), before, 'nothing was written, and nothing is lost');

      endOutage();
      if (fault.kind === 'hang') await nextAnswer(leader);
      const recoveryMs = await world.passUntil(() => assertNewer(name, before, namespaces));
      t.ok(recoveryMs < MINUTE_MS, `new tokens are everywhere after ${recoveryMs} ms`);
    });
  }
});

t.test('secrets outlive their tokens, and recover as well', async (t) => {
  const name = 'long-outage';
  const namespaces = namesOf(name, 20);
  await world.createNamespaces(namespaces, name);
  const leader = world.lead({ name });
  t.teardown(() => leader.stop());
  await filled(name, namespaces);
  const before = await versionsOf(name);
  const endOutage = ecr.faults.add({ kind: 'disconnect' });
  await world.pass(13 * HOUR_MS, 2 * MINUTE_MS);
  t.equal(await loginWith(await secretIn(`${name}-0`, name)), 401, 'the token is dead');
  t.same(await versionsOf(name), before);
  endOutage();
  const recoveryMs = await world.passUntil(() => assertNewer(name, before, namespaces));
  t.ok(recoveryMs < MINUTE_MS, `new tokens are everywhere after ${recoveryMs} ms`);
  t.equal(await loginWith(await secretIn(`${name}-0`, name)), 200);
});

t.test('a restart within half of the token’s life does not call AWS and writes nothing', async (t) => {
  const name = 'restart';
  const namespaces = namesOf(name, 5);
  await world.createNamespaces(namespaces, name);
  const first = world.lead({ name });
  await filled(name, namespaces);
  await checkpointed(name);
  await first.stop();
  await world.pass(5 * HOUR_MS, HOUR_MS);
  const before = await versionsOf(name);
  const callsBefore = ecr.calls.length;

  const second = world.lead({ name });
  t.teardown(() => second.stop());
  await world.createNamespaces([`${name}-new`], name);
  t.equal(await loginWith(await secretIn(`${name}-new`, name)), 200, 'it works');
  await world.pass(5 * MINUTE_MS);
  t.equal(ecr.calls.length, callsBefore);
  t.match(await versionsOf(name), before);
});

t.test('a renewer that starts in the outage serves a new namespace with the living token', async (t) => {
  const name = 'restart-in-outage';
  await world.createNamespaces([name], name);
  const first = world.lead({ name });
  await filled(name, [name]);
  await checkpointed(name);
  await world.pass(5 * HOUR_MS, HOUR_MS);
  const endOutage = ecr.faults.add({ kind: 'error', code: 'InternalFailure', status: 500 });
  t.teardown(endOutage);
  await world.pass(2 * HOUR_MS, MINUTE_MS);
  await first.stop();
  const before = await versionsOf(name);

  const second = world.lead({ name });
  t.teardown(() => second.stop());
  await world.createNamespaces([`${name}-new`], name);
  const secret = await secretIn(`${name}-new`, name);
  t.equal(await loginWith(secret), 200);
  await eventually('a failure is reported', () => assert.ok(second.count(FAILED) > 0));
  t.equal(second.count(GOT), 0);
  t.match(await versionsOf(name), before);
});

t.test('a checkpoint that cannot be read is worth one warning and a new start', async (t) => {
  const name = 'corrupt';
  await api.create(checkpointPath(name).replace(/\/[^/]+$/, ''), {
    metadata: { name: `${name}-tokens` },
    stringData: { 'tokens.json': '{"version":1,"tokens":{"ecr":{"password":"topsecret"}}}' },
  });
  await world.createNamespaces([name], name);
  const first = world.lead({ name });
  t.teardown(() => first.stop());
  t.equal(await loginWith(await secretIn(name, name)), 200);
  const warnings = first.log.filter(({ level }) => level === 'warn');
  t.match(warnings, [{ msg: 'checkpoint is not usable; all tokens are requested again' }]);
  t.notMatch(world.allLogs(), 'topsecret');
  await checkpointed(name);
  await first.stop();
  const second = world.lead({ name });
  t.teardown(() => second.stop());
  await world.createNamespaces([`${name}-new`], name);
  await secretIn(`${name}-new`, name);
  t.equal(second.count(GOT), 0, 'the next start reads a good one');
});

t.test('a role that is refused for ever takes nothing from the other registry', async (t) => {
  const name = 'refused-role';
  const file = { registries: [REGISTRY, { host: WEST, roleArn: ROLE }] };
  await world.createNamespaces([name], name);
  const first = world.lead({ name, file });
  const logsInTo = async (namespace: string) => {
    const secret = await secretIn(namespace, name);
    return [await loginWith(secret), await loginWith(secret, WEST)];
  };
  await secretIn(name, name);
  t.same(await logsInTo(name), [200, 200]);
  await first.stop();
  await api.remove(checkpointPath(name));
  const before = await versionsOf(name);
  const allowRole = ecr.faults.add(
    { kind: 'error', code: 'AccessDenied', status: 403 },
    { when: ({ roleArn }) => roleArn === ROLE },
  );

  const second = world.lead({ name, file });
  t.teardown(() => second.stop());
  await world.createNamespaces([`${name}-new`], name);
  t.same(await secretIn(`${name}-new`, name).then(() => logsInTo(`${name}-new`)), [200, 401]);
  await world.pass(HOUR_MS);
  t.match(await versionsOf(name), before, 'a secret that lacks nothing is not overwritten by less');
  t.same(await logsInTo(name), [200, 200]);

  await world.pass(24 * HOUR_MS, 5 * MINUTE_MS);
  t.same(await logsInTo(name), [200, 401]);
  t.same(await logsInTo(`${name}-new`), [200, 401]);
  allowRole();
  const recoveryMs = await world.passUntil(async () => {
    assert.deepEqual(await logsInTo(name), [200, 200]);
    assert.deepEqual(await logsInTo(`${name}-new`), [200, 200]);
  });
  t.ok(recoveryMs < MINUTE_MS, `complete again after ${recoveryMs} ms`);
});

t.test('a rotation continues after a restart of the API server broke it off', async (t) => {
  const name = 'rotation';
  const namespaces = namesOf(name, 200);
  await world.createNamespaces(namespaces, name);
  const leader = world.lead({ name, file: { routineWritesPerSecond: 40 } });
  t.teardown(() => leader.stop());
  await filled(name, namespaces);
  const before = await versionsOf(name);
  await world.pass(5 * HOUR_MS, 10 * MINUTE_MS);
  const got = leader.count(GOT);
  while (leader.count(GOT) === got) await world.pass(30_000);
  await eventually('a part of the rotation', async () => {
    const versions = await versionsOf(name);
    const written = namespaces.filter((namespace) => versions[namespace] !== before[namespace]);
    assert.ok(written.length > 40);
    t.ok(written.length < 160, `${written.length} were written before the restart`);
  });
  await world.cluster.restartApiServer();
  const backMs = clock.now();
  await eventually('all new', () => assertCurrent(name, namespaces));
  t.ok(clock.now() - backMs < 30_000, `converged in ${clock.now() - backMs} ms`);
  const after = await versionsOf(name);
  await world.pass(5 * MINUTE_MS);
  t.same(await versionsOf(name), after, 'nothing is written any more');
  const writes = await writesOf(name);
  for (const namespace of namespaces) {
    assert.equal(writes.get(namespace), 2, `first fill and rotation of ${namespace}`);
  }
});

t.test('no log line holds a token, a password or a key', (t) => {
  const logs = world.allLogs();
  t.ok(ecr.secrets().length > 20);
  t.notOk(ecr.secrets().some((secret) => logs.includes(secret)));
  t.end();
});

function filled(leader: string, namespaces: readonly string[]): Promise<void> {
  return eventually('the first fill', () => assertCurrent(leader, namespaces));
}

/** Throws unless these namespaces have the newest token, and others than before. */
async function assertNewer(
  leader: string,
  before: Readonly<Record<string, string | undefined>>,
  namespaces: readonly string[],
): Promise<void> {
  await assertCurrent(leader, namespaces);
  const after = await versionsOf(leader);
  for (const namespace of namespaces) assert.notEqual(after[namespace], before[namespace]);
}

/** Waits, without moving the time, until the call that hangs is aborted or answered. */
function nextAnswer(leader: Leader): Promise<void> {
  const before = leader.count(GOT) + leader.count(FAILED);
  return eventually('the hanging call ends', () => assert.ok(leader.count(GOT) + leader.count(FAILED) > before));
}

async function checkpointed(leader: string): Promise<void> {
  await eventually('the checkpoint', async () => {
    const { data } = await api.get<Secret>(checkpointPath(leader));
    const tokens = Buffer.from(data?.['tokens.json'] ?? '', 'base64').toString();
    assert.ok(tokens.includes(newestPassword()));
  });
}

interface AuditEvent {
  readonly verb: string;
  readonly userAgent?: string;
  readonly objectRef?: { readonly name?: string; readonly namespace?: string };
  readonly responseStatus?: { readonly code?: number };
}

/** How often each namespace's secret was written with success. */
async function writesOf(leader: string): Promise<ReadonlyMap<string, number>> {
  const writes = new Map<string, number>();
  const lines = await readFile(world.cluster.auditLogPath ?? '', 'utf8');
  for (const line of lines.split('\n')) {
    if (!line.includes(LEADER_USER_AGENT) || !line.includes('"verb":"patch"')) continue;
    const { objectRef, responseStatus }: AuditEvent = JSON.parse(line);
    const { name, namespace = '' } = objectRef ?? {};
    if (name !== leader || (responseStatus?.code ?? 500) >= 300) continue;
    writes.set(namespace, (writes.get(namespace) ?? 0) + 1);
  }
  return writes;
}
