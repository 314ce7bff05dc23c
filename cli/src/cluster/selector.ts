import { nearestWord } from '@ecr-pull-secrets/shared/command-line/nearest-word.ts';
import type { LabelSelector } from './objects.ts';

type Labels = Readonly<Record<string, string>>;

/** One condition of a label selector. */
export interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** The conditions of a selector; all of them must be true. */
export function requirementsOf({ matchLabels = {}, matchExpressions = [] }: LabelSelector): readonly Requirement[] {
  return [
    ...Object.entries(matchLabels).map(([key, value]) => ({ key, operator: 'In', values: [value] })),
    ...matchExpressions.map(({ key = '', operator = '', values = [] }) => ({ key, operator, values })),
  ];
}

/** Whether a condition requires a label, and does not only exclude some. */
export function isPositive({ operator }: Requirement): boolean {
  return operator === 'In' || operator === 'Exists';
}

/** Whether labels fulfil a condition, as the API server decides it. */
export function fulfils(labels: Labels, { key, operator, values }: Requirement): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'DoesNotExist') return value === undefined;
  const isListed = value !== undefined && values.includes(value);
  return operator === 'In' ? isListed : !isListed;
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
