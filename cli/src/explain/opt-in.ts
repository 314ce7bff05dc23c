import { DEFAULT_NAMESPACE_SELECTOR, INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import { matchesWildcards } from '@ecr-pull-secrets/shared/wildcards.ts';
import type { Finding } from './finding.ts';
import { foundIn } from '../cluster/read.ts';
import { chooseWebhook } from '../cluster/release.ts';
import {
  describeRequirement,
  fulfils,
  isPositive,
  nearestKey,
  type Requirement,
  requirementsOf,
} from '../cluster/selector.ts';
import type { ClusterState } from './cluster-state.ts';

/** The label with the name of a namespace, which the API server sets. */
const NAME_LABEL = 'kubernetes.io/metadata.name';

const DEFAULT_REQUIREMENT: Requirement = { key: INJECT_LABEL, operator: 'In', values: ['enabled'] };

/** The webhook of the cluster that concerns the namespace. */
export function webhookOf(cluster: ClusterState) {
  return chooseWebhook(foundIn(cluster.webhooks) ?? [], labelsOf(cluster));
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

/** Whether the namespace gets the secret: by its label or by its name. */
export function isTarget(cluster: ClusterState): boolean {
  return !isExcluded(cluster) && (hasOptedIn(cluster) || cluster.settings.targets.matches(cluster.subject.namespace));
}

/** The labels as the API server sees them. */
function labelsOf({ namespace, subject }: ClusterState): Readonly<Record<string, string>> {
  return { [NAME_LABEL]: subject.namespace, ...foundIn(namespace)?.metadata.labels };
}

function isExcluded({ settings, subject }: ClusterState): boolean {
  return settings.excluded.matches(subject.namespace);
}

/** Whether the namespace exists, has opted in, and is not excluded. */
export function optInFindings(cluster: ClusterState): readonly Finding[] {
  const { namespace, subject } = cluster;
  if ('missing' in namespace) {
    const hint = subject.pod === undefined ? '' : '; the argument is NAMESPACE/POD';
    const message = `the namespace ${subject.namespace} does not exist${hint}`;
    return [{ step: 'namespace', state: 'problem', message, command: 'kubectl get namespaces' }];
  }
  if ('unread' in namespace) {
    return [{ step: 'label', state: 'unknown', message: `the labels cannot be read: ${namespace.unread}` }];
  }
  const isTerminating = namespace.found.metadata.deletionTimestamp !== undefined;
  const terminating: Finding = {
    step: 'namespace',
    state: 'problem',
    message: `the namespace ${subject.namespace} is being deleted`,
  };
  return [...(isTerminating ? [terminating] : []), ...labelFindings(cluster), ...exclusionFindings(cluster)];
}

function labelFindings(cluster: ClusterState): readonly Finding[] {
  const { namespace } = cluster.subject;
  const labels = labelsOf(cluster);
  const requirements = optInRequirements(cluster);
  const failed = requirements.filter((requirement) => !fulfils(labels, requirement));
  // A label changes nothing for a namespace that is excluded by its name.
  const byName = failed.filter(({ key }) => key === NAME_LABEL);
  if (failed.length > 0) {
    return (byName.length > 0 ? byName : failed).map((requirement) =>
      failedRequirement(namespace, labels, requirement),
    );
  }
  const has =
    requirements.filter(isPositive).map(describeRequirement).join(' and ') ||
    `the labels of ${DEFAULT_NAMESPACE_SELECTOR}`;
  return [{ step: 'label', state: 'ok', message: `the namespace ${namespace} has ${has}` }];
}

function failedRequirement(
  namespace: string,
  labels: Readonly<Record<string, string>>,
  requirement: Requirement,
): Finding {
  const { key, values } = requirement;
  const finding = { step: 'label', state: 'problem' } as const;
  if (key === NAME_LABEL) {
    const message = isPositive(requirement)
      ? `the webhook configuration selects namespaces by their names, and ${namespace} is none of them`
      : `the webhook configuration excludes the namespace ${namespace} by its name: run the workload in another namespace`;
    return { ...finding, message };
  }
  const requires = `the webhook requires ${describeRequirement(requirement)}`;
  if (!isPositive(requirement))
    return { ...finding, message: `${requires}, but the namespace has ${key}=${labels[key]}` };
  const wanted = `${key}=${values[0] ?? 'enabled'}`;
  const command = `kubectl label namespace ${namespace} ${wanted}`;
  if (Object.hasOwn(labels, key)) {
    const message = `the namespace has ${key}=${labels[key]}, but ${requires}`;
    return { ...finding, message, command: `${command} --overwrite` };
  }
  const nearest = nearestKey(key, labels);
  if (nearest === undefined) {
    return { ...finding, message: `the namespace has no label ${key}: ${requires}`, command };
  }
  const message = `the namespace has the label ${nearest}, which is probably misspelt: ${requires}`;
  return { ...finding, message, command: `${command} ${nearest}-` };
}

function exclusionFindings(cluster: ClusterState): readonly Finding[] {
  const { deployment, settings, subject } = cluster;
  const { release } = webhookOf(cluster);
  if (!('found' in deployment)) {
    const why = 'unread' in deployment ? deployment.unread : 'there is none';
    const message = `the settings cannot be read from the Deployment ${release.namespace}/${release.name}: ${why}`;
    return [{ step: 'namespace', state: 'unknown', message: `${message}; the defaults are assumed` }];
  }
  if (!isExcluded(cluster)) return [];
  const { entries } = settings.excluded;
  const others = entries.filter((entry) => !matchesWildcards(entry, subject.namespace));
  const message = `the chart value excludeNamespace (${entries.join(', ')}) excludes the namespace ${subject.namespace}`;
  const value = `excludeNamespace='${others.join('\\,')}'`;
  const command = `helm upgrade ${release.helmName} ./chart --namespace ${release.namespace} --reset-then-reuse-values --set-string ${value}`;
  return [{ step: 'namespace', state: 'problem', message, command }];
}
