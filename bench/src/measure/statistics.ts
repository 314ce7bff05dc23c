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

/**
 * What two things add to a third. The difference of a single round may be near zero or below it, so the ratio is that
 * of the medians. Without a limit that adds anything it is no number, which reaches nothing.
 */
export function addedBy<Run>(
  figure: (run: Run) => number,
  {
    ours,
    limit,
    neither,
  }: { readonly ours: readonly Run[]; readonly limit: readonly Run[]; readonly neither: readonly Run[] },
) {
  const added = (runs: readonly Run[]): Quartiles => {
    const differences = runs.map((run, index) => {
      const without = neither[index];
      return without === undefined ? Number.NaN : figure(run) - figure(without);
    });
    return quartilesOf(differences);
  };
  const [addedByOurs, addedByLimit] = [added(ours), added(limit)];
  const ratio = addedByLimit.median > 0 ? addedByOurs.median / addedByLimit.median : Number.NaN;
  return { ours: addedByOurs, limit: addedByLimit, ratio: { low: ratio, median: ratio, high: ratio } };
}
