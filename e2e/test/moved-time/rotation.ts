import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import { LEADER_USER_AGENT } from '../support/moved-time.ts';
import { assertCurrent, filled, namesOf, versionsOf } from './fill.ts';
import { world } from './world.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

const GOT = 'got a registry token';

const { clock } = world;

/** All secrets are due at once, and the API server goes away meanwhile. */
export async function testRotation(t: Test): Promise<void> {
  await t.test('a rotation continues after a restart of the API server broke it off', async (t) => {
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
