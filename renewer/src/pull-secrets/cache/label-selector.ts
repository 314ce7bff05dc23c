import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { fulfils, isPositive, type LabelRequirement, type Labels } from '@ecr-pull-secrets/shared/label-requirement.ts';
import { splitList } from '@ecr-pull-secrets/shared/split-list.ts';

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
 * Source: apimachinery `pkg/labels/selector.go`.
 *
 * @throws ECRPS_CONFIGURATION_INVALID if a part is no requirement
 */
export function parseLabelSelector(text: string): LabelSelector {
  // Commas separate requirements, but also the values of a set.
  const requirements = splitList(text, /,(?![^(]*\))/).map(parseRequirement);
  return {
    keys: requirements.map(({ key }) => key),
    requiredKeys: requirements.filter(isPositive).map(({ key }) => key),
    matches: (labels) => requirements.every((requirement) => fulfils(labels, requirement)),
  };
}

function parseRequirement(part: string): LabelRequirement {
  const [, key, sign, value = ''] = EQUALITY.exec(part) ?? [];
  if (key !== undefined) return { key, operator: sign === '!=' ? 'NotIn' : 'In', values: [value] };
  const [, setKey, word, list = ''] = SET.exec(part) ?? [];
  if (setKey !== undefined) {
    const values = list.split(',').map((entry) => entry.trim());
    return { key: setKey, operator: word === 'in' ? 'In' : 'NotIn', values };
  }
  const [, not, existsKey] = EXISTS.exec(part) ?? [];
  if (existsKey !== undefined) return { key: existsKey, operator: not === '!' ? 'DoesNotExist' : 'Exists', values: [] };
  throw createError('ECRPS_CONFIGURATION_INVALID', `"${part}" is no label selector`);
}
