import { createError } from '@ecr-pull-secrets/shared/errors.ts';

/** Labels of an object. */
type Labels = Readonly<Record<string, string>>;

export interface LabelSelector {
  /** The label keys that it reads. */
  readonly keys: readonly string[];
  /** Those of them that must be present. */
  readonly requiredKeys: readonly string[];
  readonly matches: (labels: Labels) => boolean;
}

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
 * @throws ECRPS_CONFIGURATION_INVALID if a part is no requirement
 */
export function parseLabelSelector(text: string): LabelSelector {
  const requirements = splitOutsideBrackets(text).map(parseRequirement);
  return {
    keys: requirements.map(({ key }) => key),
    requiredKeys: requirements.filter(({ isRequired }) => isRequired).map(({ key }) => key),
    matches: (labels) => requirements.every(({ matches }) => matches(labels)),
  };
}

/** Commas separate requirements, but also the values of a set. */
function splitOutsideBrackets(text: string): readonly string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function parseRequirement(part: string) {
  const [, key, operator, value] = EQUALITY.exec(part) ?? [];
  if (key !== undefined) {
    const isWanted = operator !== '!=';
    return { key, isRequired: isWanted, matches: (labels: Labels) => (valueOf(labels, key) === value) === isWanted };
  }
  const [, setKey, setOperator, list = ''] = SET.exec(part) ?? [];
  if (setKey !== undefined) {
    const values = new Set(list.split(',').map((entry) => entry.trim()));
    const isWanted = setOperator === 'in';
    const matches = (labels: Labels) => values.has(valueOf(labels, setKey) ?? '\0') === isWanted;
    return { key: setKey, isRequired: isWanted, matches };
  }
  const [, not, existsKey] = EXISTS.exec(part) ?? [];
  if (existsKey === undefined) {
    throw createError('ECRPS_CONFIGURATION_INVALID', `"${part}" is no label selector`);
  }
  const isRequired = not !== '!';
  const matches = (labels: Labels) => (valueOf(labels, existsKey) !== undefined) === isRequired;
  return { key: existsKey, isRequired, matches };
}

/** Own properties only: a label may be called `constructor`. */
function valueOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
