import {
  fulfils,
  isPositive,
  type LabelRequirement as Requirement,
  type Labels,
} from '@ecr-pull-secrets/shared/label-requirement.ts';
import { matchesWildcards } from '@ecr-pull-secrets/shared/wildcards.ts';
import { commandsOf } from '../cluster/commands.ts';
import { describeRequirement, nearestKey } from '../cluster/selector.ts';
import type { ClusterState } from './cluster-state.ts';
import { type Finding, findingsOfStep } from './finding.ts';
import { injectorNoun, isExcluded, labelsOf, NAME_LABEL, optInRequirements, webhookOf } from './opt-in.ts';

const ofNamespace = findingsOfStep('namespace');
const ofLabel = findingsOfStep('label');

/** Whether the namespace exists, has opted in, and is not excluded. */
export function optInFindings(cluster: ClusterState): readonly Finding[] {
  const { namespace, subject } = cluster;
  if ('missing' in namespace) {
    const hint = subject.pod === undefined ? '' : '; the argument is NAMESPACE/POD';
    return [ofNamespace.problem(`the namespace ${subject.namespace} does not exist${hint}`, 'kubectl get namespaces')];
  }
  if ('unread' in namespace) {
    return [ofLabel.unknown(`the labels cannot be read: ${namespace.unread}`), ...exclusionFindings(cluster)];
  }
  const isTerminating = namespace.found.metadata.deletionTimestamp !== undefined;
  return [
    ...(isTerminating ? [ofNamespace.problem(`the namespace ${subject.namespace} is being deleted`)] : []),
    ...labelFindings(cluster),
    ...selectorFindings(cluster),
    ...exclusionFindings(cluster),
  ];
}

function labelFindings(cluster: ClusterState): readonly Finding[] {
  const { namespace } = cluster.subject;
  const labels = labelsOf(cluster);
  const noun = injectorNoun(cluster);
  const requirements = optInRequirements(cluster);
  const failed = requirements.filter((requirement) => !fulfils(labels, requirement));
  // A label changes nothing for a namespace that is excluded by its name.
  const byName = failed.filter(({ key }) => key === NAME_LABEL);
  if (failed.length > 0) {
    const assumed = assumption(cluster);
    return (byName.length > 0 ? byName : failed).map((requirement) =>
      failedRequirement({ namespace, labels, noun, assumed }, requirement),
    );
  }
  const has = requirements.filter(isPositive).map(describeRequirement).join(' and ');
  if (has === '') return [ofLabel.note(`the ${noun} requires no label of the namespace ${namespace}`)];
  return [ofLabel.ok(`the namespace ${namespace} has ${has}`)];
}

/** Without the configuration of the webhook the requirement is only the default. */
function assumption(cluster: ClusterState): string {
  const { webhooks } = cluster;
  if (webhookOf(cluster).webhook || !('unread' in webhooks)) return '';
  return `; this is the default, because the configuration of the webhook cannot be read: ${webhooks.unread}`;
}

interface Requiring {
  readonly namespace: string;
  readonly labels: Labels;
  readonly noun: string;
  /** Why the requirement is an assumption; empty if it is none. */
  readonly assumed: string;
}

function failedRequirement({ namespace, labels, noun, assumed }: Requiring, requirement: Requirement): Finding {
  const { key, values } = requirement;
  if (key === NAME_LABEL) {
    const owner = noun === 'policy' ? noun : 'webhook configuration';
    const message = isPositive(requirement)
      ? `the ${owner} selects namespaces by their names, and ${namespace} is none of them`
      : `the ${owner} excludes the namespace ${namespace} by its name: run the workload in another namespace`;
    return ofLabel.problem(message);
  }
  const requires = `the ${noun} requires ${describeRequirement(requirement)}${assumed}`;
  if (!isPositive(requirement)) return ofLabel.problem(`${requires}, but the namespace has ${key}=${labels[key]}`);
  const wanted = `${key}=${values[0] ?? 'enabled'}`;
  const command = `kubectl label namespace ${namespace} ${wanted}`;
  if (Object.hasOwn(labels, key)) {
    return ofLabel.problem(`the namespace has ${key}=${labels[key]}, but ${requires}`, `${command} --overwrite`);
  }
  const nearest = nearestKey(key, labels);
  if (nearest === undefined) return ofLabel.problem(`the namespace has no label ${key}: ${requires}`, command);
  const message = `the namespace has the label ${nearest}, which is probably misspelt: ${requires}`;
  return ofLabel.problem(message, `${command} ${nearest}-`);
}

/** The chart gives the renewer and what injects the same selector. */
function selectorFindings(cluster: ClusterState): readonly Finding[] {
  const { settings, subject } = cluster;
  const { webhook, isPolicy, name } = webhookOf(cluster);
  const labels = labelsOf(cluster);
  if (!webhook || !settings.selector) return [];
  const isInjected = optInRequirements(cluster)
    .filter(({ key }) => key !== NAME_LABEL)
    .every((requirement) => fulfils(labels, requirement));
  const isSelected = settings.selector.matches(labels);
  if (isInjected === isSelected) return [];
  const noun = injectorNoun(cluster);
  const message = `the ${noun} ${selects(isInjected)} the namespace ${subject.namespace}, but the renewer ${selects(isSelected)} it (${settings.selector.text}): the selector of the ${noun} was probably changed by hand`;
  const command = `kubectl edit ${isPolicy ? 'mutatingadmissionpolicy' : 'mutatingwebhookconfiguration'} ${name}`;
  return [ofLabel.problem(message, command)];
}

function selects(isSelected: boolean): string {
  return isSelected ? 'selects' : 'does not select';
}

function exclusionFindings(cluster: ClusterState): readonly Finding[] {
  const { deployment, settings, subject } = cluster;
  const { release } = webhookOf(cluster);
  if (!('found' in deployment)) {
    const why = 'unread' in deployment ? deployment.unread : 'there is none';
    const message = `the settings cannot be read from the Deployment ${release.namespace}/${release.name}: ${why}`;
    return [ofNamespace.unknown(`${message}; the defaults are assumed`)];
  }
  if (!isExcluded(cluster)) return [];
  const { entries } = settings.excluded;
  const others = entries.filter((entry) => !matchesWildcards(entry, subject.namespace));
  const message = `the chart value excludeNamespace (${entries.join(', ')}) excludes the namespace ${subject.namespace}`;
  const value = `excludeNamespace='${others.join('\\,')}'`;
  return [ofNamespace.problem(message, `${commandsOf(release).upgrade} --set-string ${value}`)];
}
