import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import type { NamespaceRule } from './target-namespaces.ts';

/** Why a namespace that somebody opted in is no target. */
export type OptInMistake =
  | { readonly kind: 'excluded' }
  /** A label that looks like the opt-in label and is none. */
  | { readonly kind: 'misspelt'; readonly key: string; readonly value: string };

const PREFIX = INJECT_LABEL.slice(0, INJECT_LABEL.indexOf('/'));

/**
 * The keys that somebody is likely to write instead of the opt-in label. They are listed, because only named labels
 * are read of a namespace: what its owner writes into it costs a constant. `explain` compares all labels.
 */
const MISSPELT_KEYS: readonly string[] = [
  'ecr-pull-secret.io/inject',
  'ecr-pull-secrets.com/inject',
  'ecr-pull-secrets/inject',
  `${PREFIX}/injected`,
  `${PREFIX}/injection`,
  `${PREFIX}/inject-secret`,
  `${PREFIX}/Inject`,
  `${PREFIX}/enabled`,
  `${PREFIX}/enable`,
  `inject.${PREFIX}`,
  PREFIX,
  'ecr-pull-secrets',
];

/** With one of these somebody says no, in the default spelling or another one. */
const NO = new Set(['disabled', 'disable', 'false', 'no', 'off', '0']);

/** The labels that `findOptInMistake` reads. */
export function labelsOfMistakes({ selector }: NamespaceRule): readonly string[] {
  return selector.keys.includes(INJECT_LABEL) ? MISSPELT_KEYS : [];
}

/**
 * Why a namespace that is no target would be one: if it were not excluded, or if its label were spelt as the selector
 * requires it. A namespace that no label opted in is no mistake, whatever the selector excludes.
 */
export function findOptInMistake({ name, labels = {} }: ObjectMeta, rule: NamespaceRule): OptInMistake | undefined {
  const { selector, target, exclude } = rule;
  if (target.matches(name) || selector.matches({})) return undefined;
  if (selector.matches(labels)) return exclude.matches(name) ? { kind: 'excluded' } : undefined;
  if (exclude.matches(name) || !selector.matches({ ...labels, [INJECT_LABEL]: 'enabled' })) return undefined;
  const key = [INJECT_LABEL, ...MISSPELT_KEYS].find((each) => Object.hasOwn(labels, each));
  const value = labels[key ?? ''];
  if (key === undefined || value === undefined || NO.has(value.toLowerCase())) return undefined;
  return { kind: 'misspelt', key, value };
}
