import {
  MUTATING_POLICIES_PATH,
  MUTATING_POLICY_BINDINGS_PATH,
  WEBHOOK_CONFIGURATIONS_PATH,
} from '@ecr-pull-secrets/kube/object-names.ts';
import type { AdmissionPolicy, AdmissionPolicyBinding, WebhookConfiguration } from '../cluster/objects.ts';
import type { Read } from '../cluster/read.ts';
import type { Reader } from '../cluster/reader.ts';

const GROUP = 'admissionregistration.k8s.io';

/** What may inject in this cluster. An API server before 1.36 has no policies. */
export async function readInjectors({ list }: Reader) {
  const [webhooks, policies] = await Promise.all([
    list<WebhookConfiguration>(`list mutatingwebhookconfigurations.${GROUP}`, WEBHOOK_CONFIGURATIONS_PATH),
    list<AdmissionPolicy>(`list mutatingadmissionpolicies.${GROUP}`, MUTATING_POLICIES_PATH),
  ]);
  return { webhooks, policies };
}

/** What binds policies, without which they do nothing. */
export function readBindings({ list }: Reader): Promise<Read<readonly AdmissionPolicyBinding[]>> {
  return list(`list mutatingadmissionpolicybindings.${GROUP}`, MUTATING_POLICY_BINDINGS_PATH);
}
