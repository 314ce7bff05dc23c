import { createError } from '@ecr-pull-secrets/shared/errors.ts';

/** Labels of an object. */
type Labels = Readonly<Record<string, string>>;

/** Says whether labels match. */
export type LabelSelector = (labels: Labels) => boolean;

const KEY = '[A-Za-z0-9][-A-Za-z0-9_./]*';
const EXISTS = new RegExp(`^(!?)\\s*(${KEY})$`);
const EQUALITY = new RegExp(`^(${KEY})\\s*(==?|!=)\\s*([-A-Za-z0-9_.]*)$`);
const SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([-A-Za-z0-9_.,\\s]*)\\)$`);

/**
 * Parses a label selector as `kubectl -l` takes it: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`,
 * joined by commas, all of which must match. Empty text matches everything.
 *
 * Source: apimachinery `pkg/labels/selector.go`; a key that is absent satisfies `!=` and `notin`.
 *
 * @throws ECRPS_CONFIGURATION_INVALID where a part is no requirement
 */
export function parseLabelSelector(text: string): LabelSelector {
  const requirements = splitOutsideBrackets(text).map(parseRequirement);
  return (labels) => requirements.every((matches) => matches(labels));
}

/** Commas part requirements, but not the values of a set. */
function splitOutsideBrackets(text: string): readonly string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function parseRequirement(part: string): LabelSelector {
  const [, key, operator, value] = EQUALITY.exec(part) ?? [];
  if (key !== undefined) {
    return operator === '!='
      ? (labels) => valueOf(labels, key) !== value
      : (labels) => valueOf(labels, key) === value;
  }
  const [, setKey, setOperator, list = ''] = SET.exec(part) ?? [];
  if (setKey !== undefined) {
    const values = new Set(list.split(',').map((entry) => entry.trim()));
    const wanted = setOperator === 'in';
    return (labels) => values.has(valueOf(labels, setKey) ?? '\0') === wanted;
  }
  const [, not, existsKey] = EXISTS.exec(part) ?? [];
  if (existsKey === undefined) {
    throw createError('ECRPS_CONFIGURATION_INVALID', `"${part}" is no label selector`);
  }
  return (labels) => (valueOf(labels, existsKey) === undefined) === (not === '!');
}

/** Own properties only: a label may be called `constructor`. */
function valueOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
