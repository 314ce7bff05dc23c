import { PROGRAM } from '@ecr-pull-secrets/shared/command-line/program.ts';
import { commandsOf } from '../cluster/commands.ts';
import { dnsNameOf } from '../cluster/read-webhook-certificate.ts';
import type { Webhook } from '../cluster/objects.ts';
import { foundIn } from '../cluster/read.ts';
import { OWN_CONDITION } from '../cluster/release.ts';
import { certificateProblemIn, certificateProblems } from '../cluster/webhook-certificate.ts';
import type { ClusterState } from './cluster-state.ts';
import { type Finding, findingsOfStep } from './finding.ts';
import { webhookOf } from './opt-in.ts';

const { problem } = findingsOfStep('webhook');

/** Of the chart's policy; the step `namespace` shows it. */
const EXCLUSION_CONDITION = 'not-an-excluded-namespace';

/** Why the API server does not call a webhook whose selectors match. */
export function unreachable(cluster: ClusterState, webhook: Webhook, begin: string, nowMs: number): Finding {
  const { release } = webhookOf(cluster);
  const { name } = release;
  const { logs, scale } = commandsOf(release);
  const deployment = foundIn(cluster.deployment);
  const cannotCall = 'so the API server cannot call the webhook';
  if (deployment?.spec.replicas === 0) {
    return problem(`${begin}: the Deployment ${name} has 0 replicas, ${cannotCall}`, scale);
  }
  const distrust = distrustOf(cluster, webhook, nowMs);
  // A replica with such a certificate may not be ready either, and then this is the cause.
  if (distrust.length > 0) {
    return problem(`${begin}, because the API server does not trust the webhook: ${distrust.join('; ')}`, logs);
  }
  if (deployment && !deployment.status?.readyReplicas) {
    const message = `${begin}: no replica of the Deployment ${name} is ready, ${cannotCall}`;
    return problem(message, `kubectl describe pods --namespace ${release.namespace}`);
  }
  if (!webhook.clientConfig?.caBundle) return problem(`${begin}: the webhook configuration has no caBundle`, logs);
  const causes = [
    'the API server cannot connect to the webhook',
    ...distrustCauses(cluster),
    ...conditionCauses(webhook),
  ];
  // It tries the Service through the API server, and quotes its words.
  return problem(`${begin}: ${causes.join(', or ')}`, `${PROGRAM} status`);
}

/** Why a policy whose selectors match does not inject. */
export function policyFailed(cluster: ClusterState, policy: Webhook, begin: string): Finding {
  const { name, release } = webhookOf(cluster);
  const bindings = foundIn(cluster.failure?.bindings);
  if (bindings && !bindings.some(({ spec }) => spec?.policyName === name)) {
    return problem(`${begin}: the policy ${name} has no MutatingAdmissionPolicyBinding`, commandsOf(release).upgrade);
  }
  const causes = [
    ...conditionCauses(policy),
    `an expression of the policy ${name} fails`,
    'its rules do not match pods',
  ];
  return problem(`${begin}: ${causes.join(', or ')}`, `kubectl describe mutatingadmissionpolicy ${name}`);
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
