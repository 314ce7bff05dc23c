import { createImageMatcher, imagesOf } from '@ecr-pull-secrets/server/admission/image-matcher.ts';
import { MIRROR_POD_ANNOTATION } from '@ecr-pull-secrets/server/admission/pod-decision.ts';
import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import { hasOptedIn, labelsOf } from './opt-in.ts';
import type { Finding } from './finding.ts';
import type { Pod, Webhook } from './objects.ts';
import { foundIn } from './read.ts';
import { chooseWebhook } from './release.ts';
import { describeRequirement, fulfils, requirementsOf } from './selector.ts';
import type { World } from './world.ts';

/** The chart's own match condition. */
const OWN_CONDITION = 'not-a-mirror-pod';

/** The webhook of the cluster that concerns the namespace. */
export function webhookOf(world: World) {
  return chooseWebhook(foundIn(world.webhooks) ?? [], labelsOf(world));
}

/** The images of a pod that need the pull secret. */
export function ecrImagesOf(pod: Pod, { settings }: World): readonly string[] {
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
export function injectionFindings(world: World): readonly Finding[] {
  const { dryRun, settings } = world;
  if (foundIn(dryRun)?.includes(settings.secretName)) {
    const message = `${likeOf(world)} gets the name of ${settings.secretName} if it is created now`;
    return [{ step: 'webhook', state: 'ok', message }];
  }
  const { webhook } = webhookOf(world);
  if (!hasOptedIn(world) || 'missing' in dryRun) return [];
  if (!webhook) return [withoutWebhook(world)];
  const pod = foundIn(world.pod);
  return pod && podExclusion(pod, webhook) !== undefined ? [] : [notInjected(world, webhook)];
}

function likeOf(world: World): string {
  const pod = foundIn(world.pod);
  return pod && ecrImagesOf(pod, world).length > 0 ? 'a pod like this one' : 'a pod with an ECR image';
}

function withoutWebhook({ webhooks }: World): Finding {
  const message = 'unread' in webhooks ? `its configuration cannot be read: ${webhooks.unread}` : NO_WEBHOOK;
  return { step: 'webhook', state: 'unknown', message };
}

const NO_WEBHOOK =
  'there is no webhook inject.ecr-pull-secrets.io in the cluster; with injection.mode=policy a policy injects, and with injection.mode=none nothing does';

function notInjected(world: World, webhook: Webhook): Finding {
  const { dryRun } = world;
  const like = likeOf(world);
  if (!('unread' in dryRun)) {
    const begin = `${like} does not get the name of the secret if it is created now`;
    return unreachable(world, webhook, begin);
  }
  if (/calling webhook "?inject\.ecr-pull-secrets\.io/.test(dryRun.unread)) {
    return unreachable(world, webhook, `${like} is rejected if it is created now (${dryRun.unread})`);
  }
  const message = `whether ${like} is injected cannot be determined: ${dryRun.unread}`;
  return { step: 'webhook', state: 'unknown', message };
}

function unreachable(world: World, webhook: Webhook, begin: string): Finding {
  const { name, namespace } = webhookOf(world).release;
  const place = `--namespace ${namespace}`;
  const finding = { step: 'webhook', state: 'problem' } as const;
  const deployment = foundIn(world.deployment);
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
