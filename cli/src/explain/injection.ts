import { createImageMatcher, imagesOf } from '@ecr-pull-secrets/server/admission/image-matcher.ts';
import { MIRROR_POD_ANNOTATION } from '@ecr-pull-secrets/server/admission/pod-decision.ts';
import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import { hasOptedIn, webhookOf } from './opt-in.ts';
import type { Finding } from './finding.ts';
import type { Pod, Webhook } from '../cluster/objects.ts';
import { foundIn } from '../cluster/read.ts';
import { describeRequirement, fulfils, requirementsOf } from '../cluster/selector.ts';
import type { ClusterState } from './cluster-state.ts';

/** The chart's own match condition. */
const OWN_CONDITION = 'not-a-mirror-pod';

/** The images of a pod that need the pull secret. */
export function ecrImagesOf(pod: Pod, { settings }: ClusterState): readonly string[] {
  const images = [...new Set(imagesOf(pod))];
  return settings.injectAll ? images : images.filter(createImageMatcher(settings.registryHosts));
}

/** Why the webhook is not called for a pod, although its namespace has opted in; `undefined` if it is called. */
export function podExclusion({ metadata }: Pod, webhook: Webhook | undefined): string | undefined {
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
  return `its labels exclude it: the webhook requires ${describeRequirement(failed)}, and ${has}`;
}

const OPT_OUT = {
  matchExpressions: [{ key: INJECT_LABEL, operator: 'NotIn', values: ['disabled'] }],
};

/** Whether the API server calls the webhook, by a dry run. */
export function injectionFindings(cluster: ClusterState): readonly Finding[] {
  const { dryRun, settings } = cluster;
  if (foundIn(dryRun)?.includes(settings.secretName)) {
    const message = `${likeOf(cluster)} gets the name of ${settings.secretName} if it is created now`;
    return [{ step: 'webhook', state: 'ok', message }];
  }
  const { webhook } = webhookOf(cluster);
  if (!hasOptedIn(cluster) || 'missing' in dryRun) return [];
  if (!webhook) return [withoutWebhook(cluster)];
  const pod = foundIn(cluster.pod);
  return pod && podExclusion(pod, webhook) !== undefined ? [] : [notInjected(cluster, webhook)];
}

function likeOf(cluster: ClusterState): string {
  const pod = foundIn(cluster.pod);
  return pod && ecrImagesOf(pod, cluster).length > 0 ? 'a pod like this one' : 'a pod with an ECR image';
}

function withoutWebhook({ webhooks }: ClusterState): Finding {
  const message = 'unread' in webhooks ? `its configuration cannot be read: ${webhooks.unread}` : NO_WEBHOOK;
  return { step: 'webhook', state: 'unknown', message };
}

const NO_WEBHOOK =
  'there is no webhook inject.ecr-pull-secrets.io in the cluster; with injection.mode=policy a policy injects, and with injection.mode=none nothing does';

function notInjected(cluster: ClusterState, webhook: Webhook): Finding {
  const { dryRun } = cluster;
  const like = likeOf(cluster);
  if (!('unread' in dryRun)) {
    const begin = `${like} does not get the name of the secret if it is created now`;
    return unreachable(cluster, webhook, begin);
  }
  if (/calling webhook "?inject\.ecr-pull-secrets\.io/.test(dryRun.unread)) {
    return unreachable(cluster, webhook, `${like} is rejected if it is created now (${dryRun.unread})`);
  }
  const message = `whether ${like} is injected cannot be determined: ${dryRun.unread}`;
  return { step: 'webhook', state: 'unknown', message };
}

function unreachable(cluster: ClusterState, webhook: Webhook, begin: string): Finding {
  const { name, namespace } = webhookOf(cluster).release;
  const place = `--namespace ${namespace}`;
  const finding = { step: 'webhook', state: 'problem' } as const;
  const deployment = foundIn(cluster.deployment);
  const cannotCall = 'so the API server cannot call the webhook';
  if (deployment?.spec.replicas === 0) {
    const message = `${begin}: the Deployment ${name} has 0 replicas, ${cannotCall}`;
    return { ...finding, message, command: `kubectl scale deployment/${name} ${place} --replicas=2` };
  }
  if (deployment && !deployment.status?.readyReplicas) {
    const message = `${begin}: no replica of the Deployment ${name} is ready, ${cannotCall}`;
    return { ...finding, message, command: `kubectl describe pods ${place}` };
  }
  const command = `kubectl logs deployment/${name} ${place} --container renewer`;
  if (!webhook.clientConfig?.caBundle) {
    return { ...finding, message: `${begin}: the webhook configuration has no caBundle`, command };
  }
  const causes = [
    'the API server cannot connect to the webhook',
    'it does not trust the certificate of the webhook',
    ...(webhook.matchConditions ?? [])
      .filter((condition) => condition.name !== OWN_CONDITION)
      .map((condition) => `the match condition ${condition.name} excludes the pod`),
  ];
  return { ...finding, message: `${begin}: ${causes.join(', or ')}`, command };
}
