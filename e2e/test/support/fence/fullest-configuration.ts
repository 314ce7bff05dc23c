import type { KubeClient, KubeRequest } from '@ecr-pull-secrets/renewer/kube/client.ts';
import { CONFIGURATION } from '../authority.ts';
import { asDryRun, jsonPatch, managedFields } from './attack.ts';

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
export async function fullestConfiguration(client: KubeClient): Promise<Fullest> {
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
