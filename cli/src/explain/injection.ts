import { createImageMatcher, imagesOf } from '@ecr-pull-secrets/server/admission/image-matcher.ts';
import { MIRROR_POD_ANNOTATION } from '@ecr-pull-secrets/server/admission/pod-decision.ts';
import { PROGRAM } from '@ecr-pull-secrets/shared/command-line/program.ts';
import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import { hasOptedIn, injectorNoun, isOptInUnknown, OPT_IN_UNKNOWN, webhookOf } from './opt-in.ts';
import { type Finding, findingsOfStep } from './finding.ts';
import type { Pod, Webhook } from '../cluster/objects.ts';
import { isCallFailure } from '../cluster/dry-run.ts';
import { foundIn } from '../cluster/read.ts';
import { fulfils } from '@ecr-pull-secrets/shared/label-requirement.ts';
import { describeRequirement, requirementsOf } from '../cluster/selector.ts';
import { policyFailed, unreachable } from './not-injected.ts';
import type { ClusterState } from './cluster-state.ts';

const { ok, problem, unknown } = findingsOfStep('webhook');

/** The images of a pod that need the pull secret. */
export function ecrImagesOf(pod: Pod, { settings }: ClusterState): readonly string[] {
  const images = [...new Set(imagesOf(pod))];
  return settings.injectAll ? images : images.filter(createImageMatcher(settings.registryHosts));
}

/** Why the webhook is not called for a pod, although its namespace has opted in; `undefined` if it is called. */
export function podExclusion({ metadata }: Pod, cluster: ClusterState): string | undefined {
  const { webhook } = webhookOf(cluster);
  if (metadata.annotations && MIRROR_POD_ANNOTATION in metadata.annotations) {
    return 'it is a mirror pod: the kubelet runs it from a file, and it can name no secret';
  }
  const failed = requirementsOf(webhook?.objectSelector ?? OPT_OUT).find(
    (requirement) => !fulfils(metadata.labels ?? {}, requirement),
  );
  if (failed === undefined) return undefined;
  const value = metadata.labels?.[failed.key];
  if (failed.key === INJECT_LABEL && value === 'disabled') {
    return `its label ${INJECT_LABEL}=disabled opts it out; remove the label from the pod template of its workload if that is not intended`;
  }
  const has = value === undefined ? 'it does not' : `it has ${failed.key}=${value}`;
  return `its labels exclude it: the ${injectorNoun(cluster)} requires ${describeRequirement(failed)}, and ${has}`;
}

const OPT_OUT = {
  matchExpressions: [{ key: INJECT_LABEL, operator: 'NotIn', values: ['disabled'] }],
};

/** Whether the API server calls the webhook, by a dry run. */
export function injectionFindings(cluster: ClusterState, nowMs: number): readonly Finding[] {
  const { dryRun, settings } = cluster;
  if (foundIn(dryRun)?.includes(settings.secretName)) {
    return [ok(`${likeOf(cluster)} gets the name of ${settings.secretName} if it is created now`)];
  }
  if (!isUnexplained(cluster)) return [];
  if (isOptInUnknown(cluster) && 'found' in dryRun) {
    return [unknown(`${likeOf(cluster)} ${GETS_NO_NAME}; whether its namespace has opted in ${OPT_IN_UNKNOWN}`)];
  }
  const { webhook } = webhookOf(cluster);
  return [webhook ? notInjected(cluster, webhook, nowMs) : withoutWebhook(cluster)];
}

/** Whether the dry run shows no injection, although the labels of the namespace, if they are known, and of the pod match. */
export function isUnexplained(cluster: ClusterState): boolean {
  const { dryRun, settings } = cluster;
  if ('missing' in dryRun || foundIn(dryRun)?.includes(settings.secretName)) return false;
  if (!hasOptedIn(cluster) && !isOptInUnknown(cluster)) return false;
  const pod = foundIn(cluster.pod);
  return !pod || podExclusion(pod, cluster) === undefined;
}

function likeOf(cluster: ClusterState): string {
  const pod = foundIn(cluster.pod);
  return pod && ecrImagesOf(pod, cluster).length > 0 ? 'a pod like this one' : 'a pod with an ECR image';
}

function withoutWebhook(cluster: ClusterState): Finding {
  const { webhooks, policies, dryRun } = cluster;
  const unread = [webhooks, policies].find((each) => 'unread' in each);
  if (!unread || !('unread' in unread)) return unknown(NO_WEBHOOK);
  const why = `its configuration cannot be read: ${unread.unread}`;
  if ('unread' in dryRun) return unknown(`${why}; ${dryRun.unread}`);
  // A restart of the workload, which is the command for its pods, would change nothing.
  const message = `${likeOf(cluster)} ${GETS_NO_NAME}, and the reason is not known: ${why}; ask an administrator to run the command for the release`;
  return problem(message, `${PROGRAM} status`);
}

const GETS_NO_NAME = 'does not get the name of the secret if it is created now';

const NO_WEBHOOK =
  'there is no webhook inject.ecr-pull-secrets.io in the cluster, and no policy of the chart; with injection.mode=none nothing injects';

function notInjected(cluster: ClusterState, webhook: Webhook, nowMs: number): Finding {
  const { dryRun } = cluster;
  const { isPolicy } = webhookOf(cluster);
  const like = likeOf(cluster);
  if (!('unread' in dryRun)) {
    const begin = `${like} ${GETS_NO_NAME}`;
    return isPolicy ? policyFailed(cluster, webhook, begin) : unreachable(cluster, webhook, begin, nowMs);
  }
  if (isCallFailure(dryRun.unread)) {
    return unreachable(cluster, webhook, `${like} is rejected if it is created now (${dryRun.unread})`, nowMs);
  }
  return unknown(`whether ${like} is injected cannot be determined: ${dryRun.unread}`);
}
