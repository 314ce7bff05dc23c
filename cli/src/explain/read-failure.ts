import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { foundIn } from '../cluster/read.ts';
import { createReader } from '../cluster/reader.ts';
import { readWebhookCertificate } from '../cluster/read-webhook-certificate.ts';
import type { ClusterState, Failure } from './cluster-state.ts';
import { isUnexplained } from './injection.ts';
import { webhookOf } from './opt-in.ts';
import { readBindings } from './read-injectors.ts';

/** What explains why a webhook or a policy does not inject, although the labels match; else `undefined`. */
export async function readFailure(client: KubeClient, cluster: ClusterState): Promise<Failure | undefined> {
  const { webhook, isPolicy, release } = webhookOf(cluster);
  if (!webhook || !isUnexplained(cluster)) return undefined;
  if (isPolicy) {
    return { certificate: undefined, bindings: await readBindings(createReader(client)) };
  }
  const deployment = foundIn(cluster.deployment);
  return { certificate: await readWebhookCertificate(client, { webhook, release, deployment }), bindings: undefined };
}
