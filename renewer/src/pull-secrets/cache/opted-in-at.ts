import { ownsField } from './pull-secret-metadata.ts';

interface Ownership {
  readonly time?: string;
  readonly fieldsV1?: unknown;
}

/**
 * When a namespace got the labels by which it opts in, in milliseconds, as an estimate: the last time at which the
 * manager that owns a label changed the namespace, so the label is that old or older. Of several labels the latest
 * counts.
 *
 * @param keys - the keys of these labels
 * @returns `undefined` if no manager owns one of them
 */
export function optedInAt(managedFields: readonly Ownership[] = [], keys: readonly string[]): number | undefined {
  const times = keys
    .map((key) => ownershipTimes(managedFields, key))
    .filter((owned) => owned.length > 0)
    .map((owned) => Math.min(...owned));
  return times.length === 0 ? undefined : Math.max(...times);
}

function ownershipTimes(managedFields: readonly Ownership[], key: string): readonly number[] {
  return managedFields
    .filter(({ fieldsV1 }) => ownsField(fieldsV1, ['f:metadata', 'f:labels', `f:${key}`]))
    .map(({ time }) => Date.parse(time ?? ''))
    .filter((ms) => !Number.isNaN(ms));
}
