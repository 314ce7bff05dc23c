import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import {
  MUTATING_POLICIES_PATH,
  MUTATING_POLICY_BINDINGS_PATH,
  WEBHOOK_CONFIGURATIONS_PATH,
} from '@ecr-pull-secrets/kube/object-names.ts';
import type { ObjectList } from '@ecr-pull-secrets/kube/objects.ts';
import type { AdmissionPolicy, AdmissionPolicyBinding, Deployment, WebhookConfiguration } from '../cluster/objects.ts';
import { type Read, read } from '../cluster/read.ts';
import { readWebhookCertificate } from '../cluster/read-webhook-certificate.ts';
import type { Injector } from '../cluster/release.ts';
import type { WebhookCertificate } from '../cluster/webhook-certificate.ts';

/** What may inject in this cluster. An API server before 1.36 has no policies. */
export async function readInjectors(client: KubeClient) {
  const [webhooks, policies] = await Promise.all([
    list<WebhookConfiguration>(client, 'mutatingwebhookconfigurations', WEBHOOK_CONFIGURATIONS_PATH),
    list<AdmissionPolicy>(client, 'mutatingadmissionpolicies', MUTATING_POLICIES_PATH),
  ]);
  return { webhooks, policies };
}

/** What is read besides if a pod is not injected. */
export interface Failure {
  /** Of the webhook. */
  readonly certificate: Read<WebhookCertificate> | undefined;
  /** Of the policy. */
  readonly bindings: Read<readonly AdmissionPolicyBinding[]> | undefined;
}

/** What explains why a webhook or a policy does not inject. */
export async function readFailure(
  client: KubeClient,
  { webhook, isPolicy, release }: Injector,
  deployment: Deployment | undefined,
): Promise<Failure> {
  if (!webhook) return { certificate: undefined, bindings: undefined };
  if (!isPolicy) {
    return { certificate: await readWebhookCertificate(client, { webhook, release, deployment }), bindings: undefined };
  }
  const kind = 'mutatingadmissionpolicybindings';
  return { certificate: undefined, bindings: await list(client, kind, MUTATING_POLICY_BINDINGS_PATH) };
}

function list<T>(client: KubeClient, kind: string, path: string): Promise<Read<readonly T[]>> {
  return read(`list ${kind}.admissionregistration.k8s.io`, async () => {
    const { items } = await client.request<ObjectList<T>>({ method: 'GET', path });
    return items ?? [];
  });
}
