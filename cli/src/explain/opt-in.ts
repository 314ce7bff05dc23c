import { DEFAULT_NAMESPACE_SELECTOR, INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import { matchesWildcards } from '@ecr-pull-secrets/shared/wildcards.ts';
import type { Finding } from './finding.ts';
import { foundIn } from './read.ts';
import { chooseWebhook } from './release.ts';
import { describeRequirement, fulfils, isPositive, nearestKey, type Requirement, requirementsOf } from './selector.ts';
import type { World } from './world.ts';

/** The label with the name of a namespace, which the API server sets. */
const NAME_LABEL = 'kubernetes.io/metadata.name';

const DEFAULT_REQUIREMENT: Requirement = { key: INJECT_LABEL, operator: 'In', values: ['enabled'] };

/** What a namespace must have. Without a webhook it is the default label. */
export function optInRequirements(world: World): readonly Requirement[] {
  const { webhook } = chooseWebhook(foundIn(world.webhooks) ?? [], labelsOf(world));
  return webhook ? requirementsOf(webhook.namespaceSelector ?? {}) : [DEFAULT_REQUIREMENT];
}

/** Whether the webhook configuration selects the namespace, and the renewer does not exclude it. */
export function hasOptedIn(world: World): boolean {
  const labels = labelsOf(world);
  return !isExcluded(world) && optInRequirements(world).every((requirement) => fulfils(labels, requirement));
}

/** Whether the namespace gets the secret: by its label or by its name. */
export function isTarget(world: World): boolean {
  return !isExcluded(world) && (hasOptedIn(world) || world.settings.targets.matches(world.subject.namespace));
}

/** The labels as the API server sees them. */
export function labelsOf({ namespace, subject }: World): Readonly<Record<string, string>> {
  return { [NAME_LABEL]: subject.namespace, ...foundIn(namespace)?.metadata.labels };
}

function isExcluded({ settings, subject }: World): boolean {
  return settings.excluded.matches(subject.namespace);
}

/** Whether the namespace exists, has opted in, and is not excluded. */
export function optInFindings(world: World): readonly Finding[] {
  const { namespace, subject } = world;
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
  return [...(isTerminating ? [terminating] : []), ...labelFindings(world), ...exclusionFindings(world)];
}

function labelFindings(world: World): readonly Finding[] {
  const { namespace } = world.subject;
  const labels = labelsOf(world);
  const requirements = optInRequirements(world);
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

function exclusionFindings(world: World): readonly Finding[] {
  const { deployment, settings, subject } = world;
  const { release } = chooseWebhook(foundIn(world.webhooks) ?? [], labelsOf(world));
  if (!('found' in deployment)) {
    const why = 'unread' in deployment ? deployment.unread : 'there is none';
    const message = `the settings cannot be read from the Deployment ${release.namespace}/${release.name}: ${why}`;
    return [{ step: 'namespace', state: 'unknown', message: `${message}; the defaults are assumed` }];
  }
  if (!isExcluded(world)) return [];
  const { entries } = settings.excluded;
  const others = entries.filter((entry) => !matchesWildcards(entry, subject.namespace));
  const message = `the chart value excludeNamespace (${entries.join(', ')}) excludes the namespace ${subject.namespace}`;
  const value = `excludeNamespace='${others.join('\\,')}'`;
  const command = `helm upgrade ${release.helmName} ./chart --namespace ${release.namespace} --reset-then-reuse-values --set-string ${value}`;
  return [{ step: 'namespace', state: 'problem', message, command }];
}
