import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import { foundIn } from '../cluster/read.ts';
import { chooseWebhook } from '../cluster/release.ts';
import {
  fulfils,
  type LabelRequirement as Requirement,
  type Labels,
} from '@ecr-pull-secrets/shared/label-requirement.ts';
import { requirementsOf } from '../cluster/selector.ts';
import type { ClusterState } from './cluster-state.ts';

/** The label with the name of a namespace, which the API server sets. */
export const NAME_LABEL = 'kubernetes.io/metadata.name';

const DEFAULT_REQUIREMENT: Requirement = { key: INJECT_LABEL, operator: 'In', values: ['enabled'] };

/** The webhook or the policy of the cluster that concerns the namespace. */
export function webhookOf(cluster: ClusterState) {
  return chooseWebhook(foundIn(cluster.webhooks) ?? [], labelsOf(cluster), foundIn(cluster.policies));
}

/** What a person calls it. */
export function injectorNoun(cluster: ClusterState): 'webhook' | 'policy' {
  return webhookOf(cluster).isPolicy ? 'policy' : 'webhook';
}

/** What a namespace must have. Without a webhook it is the default label. */
export function optInRequirements(cluster: ClusterState): readonly Requirement[] {
  const { webhook } = webhookOf(cluster);
  return webhook ? requirementsOf(webhook.namespaceSelector ?? {}) : [DEFAULT_REQUIREMENT];
}

/** Whether the webhook configuration selects the namespace, and the renewer does not exclude it. */
export function hasOptedIn(cluster: ClusterState): boolean {
  const labels = labelsOf(cluster);
  return !isExcluded(cluster) && optInRequirements(cluster).every((requirement) => fulfils(labels, requirement));
}

/** Whether only its labels, which could not be read, show whether the namespace has opted in. */
export function isOptInUnknown(cluster: ClusterState): boolean {
  return 'unread' in cluster.namespace && !isExcluded(cluster);
}

/** The end of a sentence about such a namespace. */
export const OPT_IN_UNKNOWN = 'is not known, because its labels cannot be read';

/** Whether the namespace gets the secret: by its label or by its name. */
export function isTarget(cluster: ClusterState): boolean {
  const { settings, subject } = cluster;
  const isSelected = settings.selector?.matches(labelsOf(cluster)) ?? hasOptedIn(cluster);
  return !isExcluded(cluster) && (isSelected || settings.targets.matches(subject.namespace));
}

/** The labels as the API server sees them. */
export function labelsOf({ namespace, subject }: ClusterState): Labels {
  return { [NAME_LABEL]: subject.namespace, ...foundIn(namespace)?.metadata.labels };
}

/** By the chart value excludeNamespace. */
export function isExcluded({ settings, subject }: ClusterState): boolean {
  return settings.excluded.matches(subject.namespace);
}
