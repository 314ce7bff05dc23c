import { formatDuration } from '@ecr-pull-secrets/testbed/local-cluster/progress.ts';
import type { Guardian } from '@ecr-pull-secrets/testbed/local-cluster/guardian.ts';
import { commitOf, describeMachine, type Machine } from './measure/machine.ts';
import type { MemoryCgroup } from './measure/memory-cgroup.ts';
import { resultLine } from './report/lines.ts';
import type { Options } from './command-line.ts';
import { productOf, THIS_CHECKOUT } from './processes/product.ts';
import { type Bench, isReached, type Result, type Row } from './row.ts';

/** What `--json` writes. */
export interface Report {
  readonly startedAt: string;
  readonly isFull: boolean;
  /** The commit of the other checkout, which took the place of the limits; without it there was none. */
  readonly against?: string;
  readonly machine: Machine;
  readonly rows: readonly RowReport[];
}

export interface RowReport extends Pick<Row, 'name' | 'work' | 'limit'> {
  readonly seconds: number;
  readonly results: readonly (Result & { readonly isReached: boolean })[];
}

export interface RunDependencies {
  readonly guardian: Guardian;
  readonly memoryCgroup: MemoryCgroup;
  /** Progress goes here, and results too. */
  readonly print: (line: string) => void;
  /** Called after each row, so that a row that fails, or an interruption, does not lose the results before it. */
  readonly save: (report: Report) => Promise<void>;
}

/** Runs rows one after the other. */
export async function run(
  { guardian, memoryCgroup, print, save }: RunDependencies,
  { rows, isFull, against }: Omit<Options, 'jsonFile'>,
): Promise<void> {
  const startedAt = new Date().toISOString();
  // Before the results are written, which may change the checkout.
  const machine = await describeMachine(memoryCgroup);
  const product = await productOf(THIS_CHECKOUT);
  const base = against === undefined ? undefined : await productOf(against);
  const baseName = base && (await commitOf(base.checkout));
  const reports: RowReport[] = [];
  for (const row of rows) {
    const { name, work } = row;
    const limit = base ? `the same at commit ${baseName}` : row.limit;
    print(`\n${name}: ${work}, compared with ${limit}`);
    const startedMs = performance.now();
    const progress = (line: string): void => print(`  … ${line}`);
    const bench: Bench = { guardian, product, inMemoryCgroup: memoryCgroup.command, isFull, progress };
    const measured = base ? row.compare?.(bench, { ...bench, product: base }) : row.measure(bench);
    const results = (await measured) ?? [];
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    for (const result of results) print(`  ${resultLine(result)}`);
    const leftSeconds = remainingSeconds(rows, [...reports, { name, seconds }]);
    const left = leftSeconds === 0 ? '' : `, about ${formatDuration(leftSeconds * 1000)} left`;
    print(`  took ${formatDuration(seconds * 1000)}${base ? '' : left}`);
    reports.push({
      name,
      work,
      limit,
      seconds,
      results: results.map((one) => Object.assign({ isReached: isReached(one) }, one)),
    });
    await save({ startedAt, isFull, ...(baseName !== undefined && { against: baseName }), machine, rows: reports });
  }
}

/** How long the rows that have not run will take, if they are as much slower than planned as those that have run. */
export function remainingSeconds(
  rows: readonly Pick<Row, 'name' | 'seconds'>[],
  done: readonly Pick<RowReport, 'name' | 'seconds'>[],
): number {
  const hasRun = ({ name }: { readonly name: string }) => done.some((one) => one.name === name);
  const slowness = secondsOf(done) / secondsOf(rows.filter(hasRun));
  return Math.round(secondsOf(rows.filter((row) => !hasRun(row))) * slowness);
}

function secondsOf(some: readonly Pick<Row, 'seconds'>[]): number {
  return some.reduce((total, { seconds }) => total + seconds, 0);
}
