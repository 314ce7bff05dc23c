import assert from 'node:assert/strict';
import type { Lease } from '@ecr-pull-secrets/kube/lease.ts';
import { INJECT_LABEL, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import t from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import { startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { podOf, requestsOfRenewers } from './support/audit-log.ts';
import { SECRET } from './support/pull-secret.ts';
import { type LeadingRenewer, logOf, nextLeader, readHolder } from './support/renewers.ts';
import { recordSecrets } from './support/secret-history.ts';

const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${PRODUCT_NAME}/leases/${PRODUCT_NAME}`;

/** Renewed at half of it: often enough to see a renewal while one leader is frozen. */
const TOKEN_LIFETIME_MS = 40_000;

/** A rotation takes some seconds at the chart's pace of 50 a second: long enough to be caught in it. */
const TEAMS = Array.from({ length: 150 }, (_, index) => `team-${index}`);

/** The lease of 15 s, two looks of 2 s, and a margin. */
const FAIL_OVER_MS = 20_000;

/** One look of 2 s at most, and mostly less. */
const HAND_OVER_MS = 2_000;

/** For several rotations: the part of one in which it can be caught is short. */
const CATCHING_MS = 120_000;

const NO_LONGER_LEADING = /"no longer leading"/g;

/** What the log has if a write took long, or was refused. */
const BLAMED = /ECRPS_PULL_SECRET_(?:SLOW|REFUSED)/;

const playground = await startPlayground({
  audit: true,
  ecr: { tokenLifetimeMs: TOKEN_LIFETIME_MS },
  restartBackOff: { baseMs: 500, capMs: 4_000 },
});
t.teardown(() => playground.close());
const { api, cluster } = playground;
const history = recordSecrets(t, playground.client, SECRET);
await playground.install();
await Promise.all(TEAMS.map(createNamespace));
await eventually('all secrets', () => assert.equal(history.expiries.size, TEAMS.length));

async function createNamespace(name: string): Promise<void> {
  const labels = { [INJECT_LABEL]: 'enabled' };
  await api.create('/api/v1/namespaces', { metadata: { name, labels } });
}

/** When the newest tokens in each namespace die. */
function newestExpiries(): readonly number[] {
  return TEAMS.map((name) => history.expiries.get(name)?.at(-1) ?? 0);
}

t.test('after kill -9 of the leader another one leads within 20 s', async (t) => {
  const former = await nextLeader(playground);
  const killedMs = Date.now();
  process.kill(former.pid, 'SIGKILL');
  await createNamespace('after-the-kill');
  const tookMs = (await nextAcquiredMs(former)) - killedMs;
  t.ok(tookMs < FAIL_OVER_MS, `it leads after ${tookMs} ms`);
  await eventually('its work', () => assert.ok(history.expiries.has('after-the-kill')));
  t.comment(`it serves a namespace after ${Date.now() - killedMs} ms`);
});

t.test('after SIGTERM of the leader another one leads within 2 s', async (t) => {
  const former = await nextLeader(playground);
  const stoppedMs = Date.now();
  process.kill(former.pid, 'SIGTERM');
  const tookMs = (await nextAcquiredMs(former)) - stoppedMs;
  t.ok(tookMs < HAND_OVER_MS, `it leads after ${tookMs} ms`);
  await createNamespace('after-the-farewell');
  await eventually('its work', () => assert.ok(history.expiries.has('after-the-farewell')));
});

t.test('a leader that was frozen past its lease replaces no newer token, and stops', async (t) => {
  const frozen = await nextLeader(playground);
  const resignations = await countResignations(frozen.pod);
  const stopFrozen = await freezeInRotation(frozen.pid);
  t.teardown(stopFrozen);
  const [oldMs, newMs] = spanOf(newestExpiries());
  t.ok(oldMs < newMs, 'it was in the middle of a rotation');

  const leader = await nextLeader(playground, frozen.identity);
  t.not(leader.pod, frozen.pod);
  await eventually('newer tokens everywhere', () => {
    assert.ok(spanOf(newestExpiries())[0] > newMs);
  });
  const before = await requestsOfRenewers(cluster.auditLogPath);
  stopFrozen();
  await eventually('it stops', async () => {
    assert.equal(await countResignations(frozen.pod), resignations + 1);
  });

  t.notMatch(await logOf(playground, frozen.pod), BLAMED, 'it blames no webhook for the time for which it was frozen');
  t.equal(await readHolder(playground), leader.identity);
  const writes = (await requestsOfRenewers(cluster.auditLogPath))
    .slice(before.length)
    .filter((request) => request.objectRef?.name === SECRET && podOf(request) === frozen.pod)
    .filter(({ verb }) => verb === 'patch');
  // Those that are not refused carry tokens that it got after it came back, which are newer still.
  const refused = writes.filter(({ responseStatus }) => responseStatus?.code === 409);
  t.comment(`it still tried ${writes.length} writes; ${refused.length} came from the past`);
});

t.test('in all this time no namespace went back to an older token', (t) => {
  for (const [namespace, versions] of history.expiries) {
    t.same(
      versions,
      versions.toSorted((a, b) => a - b),
      namespace,
    );
  }
  t.equal(history.lists(), 1, 'no version was missed');
  t.end();
});

/**
 * Waits until another one than the former leader holds the lease.
 *
 * @returns when it took it as the lease says, so that it does not matter how often we look
 */
function nextAcquiredMs({ identity }: LeadingRenewer): Promise<number> {
  return eventually('another holder of the lease', async () => {
    const { spec } = await api.get<Lease>(LEASE);
    assert.ok(spec?.holderIdentity);
    assert.notEqual(spec.holderIdentity, identity);
    return Date.parse(spec.acquireTime ?? '');
  });
}

/** Throws unless some namespaces have the newest tokens, and less than half of them. */
function assertInRotation(): void {
  const expiries = newestExpiries();
  const [, newestMs] = spanOf(expiries);
  const reached = expiries.filter((expiryMs) => expiryMs === newestMs).length;
  assert.ok(reached > 10);
  assert.ok(reached < TEAMS.length / 2);
}

/**
 * Stops a leader's process when a rotation has reached some namespaces and not all.
 *
 * @returns what lets it go on
 */
async function freezeInRotation(pid: number): Promise<() => void> {
  await eventually('the middle of a rotation', assertInRotation, CATCHING_MS);
  process.kill(pid, 'SIGSTOP');
  return () => process.kill(pid, 'SIGCONT');
}

function spanOf(times: readonly number[]): readonly [earliest: number, latest: number] {
  return [Math.min(...times), Math.max(...times)];
}

async function countResignations(pod: string): Promise<number> {
  return (await logOf(playground, pod)).match(NO_LONGER_LEADING)?.length ?? 0;
}
