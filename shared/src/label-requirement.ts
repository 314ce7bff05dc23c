/** Labels of an object. */
export type Labels = Readonly<Record<string, string>>;

/** One condition of a label selector. */
export interface LabelRequirement {
  readonly key: string;
  /** `In`, `NotIn`, `Exists` or `DoesNotExist`. */
  readonly operator: string;
  readonly values: readonly string[];
}

/**
 * Whether labels fulfil a condition, as the API server decides it: an absent key satisfies `NotIn`
 * (apimachinery `pkg/labels/selector.go`).
 */
export function fulfils(labels: Labels, { key, operator, values }: LabelRequirement): boolean {
  // Own properties only: a label may be called `constructor`.
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'DoesNotExist') return value === undefined;
  const isListed = value !== undefined && values.includes(value);
  return operator === 'In' ? isListed : !isListed;
}

/** Whether a condition requires a label, and does not only exclude some. */
export function isPositive({ operator }: LabelRequirement): boolean {
  return operator === 'In' || operator === 'Exists';
}
