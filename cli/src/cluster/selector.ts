import type { LabelRequirement as Requirement, Labels } from '@ecr-pull-secrets/shared/label-requirement.ts';
import { nearestWord } from '@ecr-pull-secrets/shared/command-line/nearest-word.ts';
import type { LabelSelector } from './objects.ts';

/** The conditions of a selector; all of them must be true. */
export function requirementsOf({ matchLabels = {}, matchExpressions = [] }: LabelSelector): readonly Requirement[] {
  return [
    ...Object.entries(matchLabels).map(([key, value]) => ({ key, operator: 'In', values: [value] })),
    ...matchExpressions.map(({ key = '', operator = '', values = [] }) => ({ key, operator, values })),
  ];
}

/** A condition in the words of a person. */
export function describeRequirement({ key, operator, values }: Requirement): string {
  const list = values.join(', ');
  if (operator === 'Exists') return `the label ${key}`;
  if (operator === 'DoesNotExist') return `no label ${key}`;
  if (operator === 'NotIn') return `a label ${key} that is none of ${list}`;
  return values.length === 1 ? `the label ${key}=${list}` : `a label ${key} that is one of ${list}`;
}

/** A label key that somebody probably wrote for another one: a typo, another case, or another prefix. */
export function nearestKey(key: string, labels: Labels): string | undefined {
  const keys = Object.keys(labels).filter((each) => each !== key);
  const name = lastPartOf(key);
  return (
    keys.find((each) => each.toLowerCase() === key.toLowerCase()) ??
    nearestWord(key, keys) ??
    keys.find((each) => lastPartOf(each) === name && each.includes('ecr'))
  );
}

function lastPartOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}
