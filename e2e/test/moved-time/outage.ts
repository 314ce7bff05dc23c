import assert from 'node:assert/strict';
import type { Test } from 'tap';
import type { Fault } from '@ecr-pull-secrets/testbed/ecr-stand-in/faults.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { checkpointPath, type Leader } from '../support/moved-time.ts';
import { pullSecretsOf } from '../support/pull-secret.ts';
import { assertNewer, filled, namesOf, newestPassword, versionsOf } from './fill.ts';
import { OWN_ROLE, world } from './world.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

const GOT = 'got a registry token';
const FAILED = 'getting a registry token failed; will retry';

const WEST = REGISTRY.replace('us-east-1', 'us-west-2');

const { api, ecr } = world;
const { secretIn, loginWith } = pullSecretsOf(world);

/**
 * How an outage of AWS may look, and the steps in which six hours pass. In the first one each retry happens, 700 of
 * them. The waits after the other ones are computed by the same code, so a tenth of the retries is enough: a retry
 * costs 5 ms of CPU.
 */
const FAULTS: readonly (readonly [Fault, number])[] = [
  [{ kind: 'error', code: 'InternalFailure', status: 500 }, 30_000],
  [{ kind: 'disconnect' }, 5 * MINUTE_MS],
  [{ kind: 'throttle' }, 5 * MINUTE_MS],
  [{ kind: 'hang' }, 5 * MINUTE_MS],
];

/** Waits of full jitter up to 30 s are 15 s on average; a hot loop would call hundreds of times. */
const MOST_FAILURES_IN_FIVE_MINUTES = 40;

/** AWS is away, refuses, or is called by a leader that starts meanwhile. */
export async function testOutage(t: Test): Promise<void> {
  await t.test('AWS is away for six hours, in four ways', async (t) => {
    const name = 'outage';
    const namespaces = namesOf(name, 20);
    await world.createNamespaces(namespaces, name);
    const leader = world.lead({ name });
    t.teardown(() => leader.stop());
    await filled(name, namespaces);

    for (const [fault, stepMs] of FAULTS) {
      await t.test(`no secret changes while AWS gives ${fault.kind}`, async (t) => {
        await world.pass(5 * HOUR_MS, 10 * MINUTE_MS);
        const before = await versionsOf(name);
        const callsBeforeOutage = ecr.calls.length;
        const endOutage = ecr.faults.add(fault);
        await world.pass(6 * HOUR_MS - 5 * MINUTE_MS, stepMs);
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

  await t.test('secrets outlive their tokens, and recover as well', async (t) => {
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

  await t.test('a restart within half of the token’s life does not call AWS and writes nothing', async (t) => {
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

  await t.test('a renewer that starts in the outage serves a new namespace with the living token', async (t) => {
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

  await t.test('a checkpoint that cannot be read is worth one warning and a new start', async (t) => {
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

  await t.test('a role that is refused for ever takes nothing from the other registry', async (t) => {
    const name = 'refused-role';
    const file = { registries: [REGISTRY, { host: WEST, roleArn: OWN_ROLE }] };
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
      { when: ({ roleArn }) => roleArn === OWN_ROLE },
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
