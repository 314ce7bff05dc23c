import { dnsNameOf } from '../cluster/read-webhook-certificate.ts';
import type { Webhook } from '../cluster/objects.ts';
import { foundIn } from '../cluster/read.ts';
import { OWN_CONDITION } from '../cluster/release.ts';
import { certificateProblemIn, certificateProblems } from '../cluster/webhook-certificate.ts';
import type { ClusterState } from './cluster-state.ts';
import type { Finding } from './finding.ts';
import { logsCommand } from './newest-event.ts';
import { webhookOf } from './opt-in.ts';

/** Of the chart's policy; the step `namespace` shows it. */
const EXCLUSION_CONDITION = 'not-an-excluded-namespace';

/** Why the API server does not call a webhook whose selectors match. */
export function unreachable(cluster: ClusterState, webhook: Webhook, begin: string, nowMs: number): Finding {
  const { name, namespace } = webhookOf(cluster).release;
  const place = `--namespace ${namespace}`;
  const finding = { step: 'webhook', state: 'problem' } as const;
  const deployment = foundIn(cluster.deployment);
  const command = logsCommand(cluster);
  const cannotCall = 'so the API server cannot call the webhook';
  if (deployment?.spec.replicas === 0) {
    const message = `${begin}: the Deployment ${name} has 0 replicas, ${cannotCall}`;
    return { ...finding, message, command: `kubectl scale deployment/${name} ${place} --replicas=2` };
  }
  const distrust = distrustOf(cluster, webhook, nowMs);
  // A replica with such a certificate may not be ready either, and then this is the cause.
  if (distrust.length > 0) {
    const message = `${begin}, because the API server does not trust the webhook: ${distrust.join('; ')}`;
    return { ...finding, message, command };
  }
  if (deployment && !deployment.status?.readyReplicas) {
    const message = `${begin}: no replica of the Deployment ${name} is ready, ${cannotCall}`;
    return { ...finding, message, command: `kubectl describe pods ${place}` };
  }
  if (!webhook.clientConfig?.caBundle) {
    return { ...finding, message: `${begin}: the webhook configuration has no caBundle`, command };
  }
  const causes = [
    'the API server cannot connect to the webhook',
    ...distrustCauses(cluster),
    ...conditionCauses(webhook),
  ];
  return { ...finding, message: `${begin}: ${causes.join(', or ')}`, command };
}

/** Why a policy whose selectors match does not inject. */
export function policyFailed(cluster: ClusterState, policy: Webhook, begin: string): Finding {
  const { name } = webhookOf(cluster);
  const finding = {
    step: 'webhook',
    state: 'problem',
    command: `kubectl describe mutatingadmissionpolicy ${name}`,
  } as const;
  const bindings = foundIn(cluster.failure?.bindings);
  if (bindings && !bindings.some(({ spec }) => spec?.policyName === name)) {
    const { helmName, namespace } = webhookOf(cluster).release;
    const command = `helm upgrade ${helmName} ./chart --namespace ${namespace} --reset-then-reuse-values`;
    return { ...finding, message: `${begin}: the policy ${name} has no MutatingAdmissionPolicyBinding`, command };
  }
  const causes = [
    ...conditionCauses(policy),
    `an expression of the policy ${name} fails`,
    'its rules do not match pods',
  ];
  return { ...finding, message: `${begin}: ${causes.join(', or ')}` };
}

/** Conditions of the values; those of the chart were evaluated by the other steps. */
function conditionCauses({ matchConditions = [] }: Webhook): readonly string[] {
  return matchConditions
    .filter(({ name }) => name !== OWN_CONDITION && name !== EXCLUSION_CONDITION)
    .map(({ name }) => `the match condition ${name} excludes the pod`);
}

/** What is wrong with the certificates, in the words of the API server if it gave some, else by our own check. */
function distrustOf(cluster: ClusterState, webhook: Webhook, nowMs: number): readonly string[] {
  const { failure, dryRun } = cluster;
  const { caBundle = '' } = webhook.clientConfig ?? {};
  if (caBundle === '') return [];
  const words = 'unread' in dryRun ? certificateProblemIn(dryRun.unread) : undefined;
  if (words !== undefined) return [words];
  const read = foundIn(failure?.certificate);
  return read ? certificateProblems(read, { caBundle, dnsName: dnsNameOf(webhookOf(cluster).release), nowMs }) : [];
}

/** If the certificate could not be examined, it may be the cause. */
function distrustCauses({ failure }: ClusterState): readonly string[] {
  const certificate = failure?.certificate;
  if (foundIn(certificate)) return [];
  const why = certificate && 'unread' in certificate ? ` (which was not examined: ${certificate.unread})` : '';
  return [`it does not trust the certificate of the webhook${why}`];
}
