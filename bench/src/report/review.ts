import type { Result } from '../row.ts';
import type { Report } from '../run.ts';
import { number } from './lines.ts';

/** What one review costs, and what a bare server would need for it. */
export interface ReviewCost {
  readonly name: string;
  readonly oursUs: number;
  readonly limitUs: number;
}

/** The CPU time of a review of each size, at the fewest connections. */
export function reviewCosts(report: Report): readonly ReviewCost[] {
  return resultsOf(report, 'admission')
    .filter(
      ({ what, unit, limitName }) => what.endsWith(' 1 connection') && isThroughput(unit) && limitName === undefined,
    )
    .map(({ what, ours, limit }) => ({
      name: what.replace(/,.*/, ''),
      oursUs: 1e6 / ours.median,
      limitUs: 1e6 / limit.median,
    }));
}

/** The table of `docs/performance.md`. */
export function reviewMarkdown(report: Report): string {
  const rows = reviewCosts(report).map(
    ({ name, oursUs, limitUs }) =>
      `| ${name} | ${number(oursUs)} µs | ${number(limitUs)} µs | ${number(oursUs / limitUs)} |`,
  );
  return [
    '| body of the review | CPU of the webhook | CPU of a bare server | ratio |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function resultsOf({ rows }: Report, name: string): readonly Result[] {
  return rows.find((row) => row.name === name)?.results ?? [];
}

function isThroughput(unit: string): boolean {
  return unit === 'reviews per CPU-second';
}
