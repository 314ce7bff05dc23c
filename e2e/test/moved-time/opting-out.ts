import assert from 'node:assert/strict';
import type { Test } from 'tap';
import { ifFound } from '@ecr-pull-secrets/kube/api-error.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { expiryOf, pathOf } from '../support/pull-secret.ts';
import { world } from './world.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

const ORIGIN = 'ecr-pull-secrets.io/origin';

const DATA = { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') };

const { api } = world;

function findSecret(namespace: string, leader: string): Promise<Secret | undefined> {
  return ifFound(api.get<Secret>(pathOf(namespace, leader)));
}

function secretIn(namespace: string, leader: string): Promise<Secret> {
  return eventually(`our secret in ${namespace}`, async () => {
    const secret = await api.get<Secret>(pathOf(namespace, leader));
    assert.ok(secret.metadata.annotations?.[ORIGIN]);
    return secret;
  });
}

/** Makes a namespace that has a secret of the name before it opts in. */
async function createAdopted(namespace: string, leader: string): Promise<void> {
  await api.create('/api/v1/namespaces', { metadata: { name: namespace } });
  await api.create(`/api/v1/namespaces/${namespace}/secrets`, {
    metadata: { name: leader },
    type: 'kubernetes.io/dockerconfigjson',
    data: DATA,
  });
  await setLabel(namespace, leader);
}

async function setLabel(namespace: string, value: string | null): Promise<void> {
  await api.merge(`/api/v1/namespaces/${namespace}`, { metadata: { labels: { for: value } } });
}

async function optOut(...namespaces: readonly string[]): Promise<void> {
  await Promise.all(namespaces.map((namespace) => setLabel(namespace, null)));
}

/** Waits until a namespace made just now has its secret: whatever befell others before has been seen. */
async function caughtUp(namespace: string, leader: string): Promise<void> {
  await world.createNamespaces([namespace], leader);
  await secretIn(namespace, leader);
}

function gone(namespace: string, leader: string): Promise<void> {
  return eventually(`no secret in ${namespace}`, async () =>
    assert.equal(await findSecret(namespace, leader), undefined),
  );
}

/** What becomes of the secret of a namespace that opts out. */
export function testOptingOut(t: Test): void {
  t.test('a secret that we made stays without renewal until its token is dead', async (t) => {
    const name = 'expire';
    await world.createNamespaces(['made', 'edited', 'back', 'faithful'], name);
    await createAdopted('adopted', name);
    const first = world.lead({ name });
    const before = {
      made: await secretIn('made', name),
      edited: await secretIn('edited', name),
      adopted: await secretIn('adopted', name),
      back: await secretIn('back', name),
      faithful: await secretIn('faithful', name),
    };
    const deadAtMs = Date.parse(expiryOf(before.made));
    await optOut('made', 'edited', 'adopted', 'back');
    await api.merge(pathOf('edited', name), { data: DATA });
    const edited = await findSecret('edited', name);
    await caughtUp('expire-seen', name);

    await world.pass(6 * HOUR_MS, 5 * MINUTE_MS);
    await world.passUntil(async () => {
      const { metadata } = await secretIn('faithful', name);
      assert.notEqual(metadata.resourceVersion, before.faithful.metadata.resourceVersion);
    });
    t.same(await findSecret('made', name), before.made, 'no renewal');
    t.same(await findSecret('adopted', name), before.adopted);
    t.same(await findSecret('edited', name), edited, 'no repair');

    await setLabel('back', name);
    const renewed = await eventually('the renewal goes on', async () => {
      const { metadata } = await secretIn('back', name);
      assert.notEqual(metadata.resourceVersion, before.back.metadata.resourceVersion);
      return metadata;
    });
    t.equal(renewed.uid, before.back.metadata.uid);
    t.equal(renewed.annotations?.[ORIGIN], 'created');

    // Who opted out is to be read from the cluster, not remembered.
    await first.stop();
    const second = world.lead({ name });
    t.teardown(() => second.stop());
    await world.pass(deadAtMs - world.clock.now() - MINUTE_MS, 5 * MINUTE_MS);
    await caughtUp('expire-before-death', name);
    t.same(await findSecret('made', name), before.made, 'its token still lives');
    await world.pass(2 * MINUTE_MS, 10_000);
    await gone('made', name);
    await world.pass(24 * HOUR_MS, 10 * MINUTE_MS);
    t.same(await findSecret('adopted', name), before.adopted, 'not ours to remove');
    t.same(await findSecret('edited', name), edited, 'not ours any more');
    t.equal((await findSecret('back', name))?.metadata.uid, before.back.metadata.uid);

    await setLabel('made', name);
    t.not((await secretIn('made', name)).metadata.uid, before.made.metadata.uid);
  });

  t.test('with `delete`, what we created and no one changed is removed at once, and nothing else', async (t) => {
    const name = 'delete';
    const file = { optOut: 'delete' };
    await world.createNamespaces(['delete-made', 'delete-edited'], name);
    await createAdopted('delete-adopted', name);
    const leader = world.lead({ name, file });
    t.teardown(() => leader.stop());
    await secretIn('delete-made', name);
    await secretIn('delete-edited', name);
    const adopted = await secretIn('delete-adopted', name);
    const startMs = world.clock.now();
    await optOut('delete-made', 'delete-adopted');
    await gone('delete-made', name);
    t.ok(world.clock.now() - startMs < 10_000);

    await leader.stop();
    await optOut('delete-edited');
    await api.merge(pathOf('delete-edited', name), { data: DATA });
    const edited = await findSecret('delete-edited', name);
    const second = world.lead({ name, file });
    t.teardown(() => second.stop());
    await caughtUp('delete-last', name);
    await world.pass(24 * HOUR_MS, 10 * MINUTE_MS);
    t.same(await findSecret('delete-adopted', name), adopted);
    t.same(await findSecret('delete-edited', name), edited);
  });

  t.test('with `keep`, no secret is ever removed', async (t) => {
    const name = 'keep';
    await world.createNamespaces(['keep-made'], name);
    const leader = world.lead({ name, file: { optOut: 'keep' } });
    t.teardown(() => leader.stop());
    const before = await secretIn('keep-made', name);
    await optOut('keep-made');
    await caughtUp('keep-seen', name);
    await world.pass(48 * HOUR_MS, 10 * MINUTE_MS);
    t.same(await findSecret('keep-made', name), before);
  });
}
