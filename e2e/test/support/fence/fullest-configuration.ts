import assert from 'node:assert/strict';
import type { KubeClient, KubeRequest } from '@ecr-pull-secrets/kube/client.ts';
import type { Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Playground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { CONFIGURATION, readCaBundle } from '../ca.ts';
import type { StolenIdentity } from '../stolen-identity.ts';
import { asDryRun, jsonPatch, managedFields } from './attack.ts';

/** Tests that a thief cannot leave so little room that the renewer or an installer cannot write. */
export function testFullestConfiguration(t: Test, { api }: Playground, thief: StolenIdentity): void {
  t.test('it repairs caBundle in a configuration that is as full as the fence allows', async (t) => {
    const { request, failed } = await fullestConfiguration(thief.client);
    t.match(failed, /its webhook configuration must not be filled up/);
    await thief.client.request(request);
    await eventually('caBundle is repaired', async () => {
      assert.match(await readCaBundle(api), /BEGIN CERTIFICATE/);
    });
    // As `helm upgrade` does, which makes it longer.
    const annotations = { 'example.com/filling': 'x'.repeat(100_000) };
    await t.resolves(api.merge(CONFIGURATION, { metadata: { annotations } }), 'others may write it');
    await api.merge(CONFIGURATION, {
      metadata: { managedFields: [{}], annotations: { 'example.com/filling': null } },
    });
  });
}

/** No entry of `managedFields` that the fence takes is as long. */
const TOO_LONG = 200_000;

/** A request that passes, and the refusal of one that has a character more. */
interface Fullest {
  readonly request: KubeRequest;
  readonly failed: string;
}

/**
 * The write that leaves the least room in the webhook configuration, with no entry of ours and no caBundle, so that the
 * repair adds both. Each character is stored as six.
 */
async function fullestConfiguration(client: KubeClient): Promise<Fullest> {
  let taken = 0;
  let refused = TOO_LONG;
  let failed = '';
  while (refused - taken > 1) {
    const length = Math.floor((taken + refused) / 2);
    try {
      await client.request(asDryRun(fill(length)));
      taken = length;
    } catch (error) {
      failed = String(error);
      refused = length;
    }
  }
  return { request: fill(taken), failed };
}

function fill(length: number): KubeRequest {
  const entry = managedFields('admissionregistration.k8s.io/v1', '\u0001'.repeat(length));
  return jsonPatch(
    CONFIGURATION,
    { op: 'remove', path: '/webhooks/0/clientConfig/caBundle' },
    { op: 'add', path: '/metadata/managedFields', value: [entry] },
  );
}
