import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { MUTATING_POLICY_BINDINGS_PATH } from '@ecr-pull-secrets/kube/object-names.ts';
import type { AdmissionPolicyBinding } from '../cluster/objects.ts';
import { foundIn } from '../cluster/read.ts';
import { readWebhookCertificate } from '../cluster/read-webhook-certificate.ts';
import type { ClusterState, Failure } from './cluster-state.ts';
import { isUnexplained } from './injection.ts';
import { webhookOf } from './opt-in.ts';
import { listAdmission } from './read-injectors.ts';

/** What explains why a webhook or a policy does not inject, although the labels match; else `undefined`. */
export async function readFailure(client: KubeClient, cluster: ClusterState): Promise<Failure | undefined> {
  const { webhook, isPolicy, release } = webhookOf(cluster);
  if (!webhook || !isUnexplained(cluster)) return undefined;
  if (isPolicy) {
    const kind = 'mutatingadmissionpolicybindings';
    const bindings = await listAdmission<AdmissionPolicyBinding>(client, kind, MUTATING_POLICY_BINDINGS_PATH);
    return { certificate: undefined, bindings };
  }
  const deployment = foundIn(cluster.deployment);
  return { certificate: await readWebhookCertificate(client, { webhook, release, deployment }), bindings: undefined };
}
