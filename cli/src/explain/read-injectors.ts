import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { MUTATING_POLICIES_PATH, WEBHOOK_CONFIGURATIONS_PATH } from '@ecr-pull-secrets/kube/object-names.ts';
import type { ObjectList } from '@ecr-pull-secrets/kube/objects.ts';
import type { AdmissionPolicy, WebhookConfiguration } from '../cluster/objects.ts';
import { type Read, read } from '../cluster/read.ts';

/** What may inject in this cluster. An API server before 1.36 has no policies. */
export async function readInjectors(client: KubeClient) {
  const [webhooks, policies] = await Promise.all([
    listAdmission<WebhookConfiguration>(client, 'mutatingwebhookconfigurations', WEBHOOK_CONFIGURATIONS_PATH),
    listAdmission<AdmissionPolicy>(client, 'mutatingadmissionpolicies', MUTATING_POLICIES_PATH),
  ]);
  return { webhooks, policies };
}

/** All objects of a kind of admission. */
export function listAdmission<T>(client: KubeClient, kind: string, path: string): Promise<Read<readonly T[]>> {
  return read(`list ${kind}.admissionregistration.k8s.io`, async () => {
    const { items } = await client.request<ObjectList<T>>({ method: 'GET', path });
    return items ?? [];
  });
}
