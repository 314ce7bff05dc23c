import assert from 'node:assert/strict';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import type { Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Manifest, Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { type Playground, REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { askForRotation, CA_SECRET, readSigner } from '../ca.ts';
import { documentOf, pathOf } from '../pull-secret.ts';
import { readHolder } from '../renewers.ts';
import { asDryRun, DOCKER_CONFIG, fillingLabels, LEASE, merge, PLACES } from './attack.ts';

/** A thief who fills objects as far as the fence lets them must leave room for what the renewer writes. */
export function testFillUp(t: Test, playground: Playground, { client }: { readonly client: KubeClient }): void {
  const { api } = playground;
  const emptied = { labels: null, annotations: { thief: null } };

  t.test('a lease that a thief has filled as far as can be is taken', async (t) => {
    // Not held, and without what a holder writes.
    await fillUp(client, LEASE, {
      spec: { holderIdentity: '', acquireTime: null, renewTime: null },
    });
    await eventually('there is a leader', async () => assert.ok(await readHolder(playground)));
    t.pass();
  });

  t.test('so is a pull secret renewed', async (t) => {
    const annotations = Object.fromEntries(
      ['expires-at', 'renewed-at', 'plan-hash', 'origin'].map((key) => [`ecr-pull-secrets.io/${key}`, null]),
    );
    const metadata = { annotations, managedFields: [{}] };
    await fillUp(client, pathOf(PLACES.served), { metadata, data: DOCKER_CONFIG });
    await eventually('it is written again', async () => {
      assert.ok(documentOf(await api.get<Secret>(pathOf(PLACES.served))).includes(REGISTRY));
    });
    await api.merge(pathOf(PLACES.served), { metadata: emptied });
    t.pass();
  });

  t.test('so is a CA rotated', async (t) => {
    await fillUp(client, CA_SECRET, {});
    const signer = await readSigner(api);
    await askForRotation(api);
    await eventually('another signs', async () => {
      assert.notEqual(await readSigner(api), signer);
    });
    await api.merge(CA_SECRET, { metadata: emptied });
    t.pass();
  });
}

/** Merges fields with as many labels, and then as long an annotation, as are not refused. */
async function fillUp(client: KubeClient, path: string, fields: Manifest): Promise<void> {
  const { annotations, ...metadata } = { annotations: {}, ...Object(fields['metadata']) };
  const request = (labels: number, length: number) =>
    merge(path, {
      ...fields,
      metadata: {
        ...metadata,
        labels: fillingLabels(labels),
        annotations: { ...annotations, thief: 'x'.repeat(length) },
      },
    });
  const isLet = async (labels: number, length: number): Promise<boolean> =>
    client.request(asDryRun(request(labels, length))).then(
      () => true,
      () => false,
    );
  const labels = await largest(1_500, (count) => isLet(count, 0));
  const length = await largest(1_000, (count) => isLet(labels, count));
  await client.request(request(labels, length));
}

/** The largest number that passes, by halves. */
async function largest(limit: number, passes: (number: number) => Promise<boolean>): Promise<number> {
  let [low, high] = [0, limit];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (await passes(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
