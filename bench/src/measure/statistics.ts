/** The middle of several runs, and the range of the half of them around it. */
export interface Quartiles {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

/** @throws if there are no values */
export function quartilesOf(values: readonly number[]): Quartiles {
  return { low: quantileOf(values, 0.25), median: quantileOf(values, 0.5), high: quantileOf(values, 0.75) };
}

/**
 * The value below which a share of all values is, interpolated between its neighbours.
 *
 * @throws if there are no values
 */
export function quantileOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]];
  if (below === undefined || above === undefined) throw new RangeError('no values');
  return below + (above - below) * (position - Math.floor(position));
}

/** Ours and the limit of the same runs: the first value of one was measured beside the first of the other, and so on. */
export function compare(ours: readonly number[], limit: readonly number[]) {
  const ratios = ours.map((value, index) => value / (limit[index] ?? Number.NaN));
  return { ours: quartilesOf(ours), limit: quartilesOf(limit), ratio: quartilesOf(ratios) };
}

/** The same for one figure of each run. */
export function compareBy<Run>(figure: (run: Run) => number, ours: readonly Run[], limit: readonly Run[]) {
  return compare(ours.map(figure), limit.map(figure));
}
