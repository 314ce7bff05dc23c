import { builtBundle } from '@ecr-pull-secrets/testbed/playground/built-bundle.ts';
import { formatDuration } from '@ecr-pull-secrets/testbed/local-cluster/progress.ts';
import type { Guardian } from '@ecr-pull-secrets/testbed/local-cluster/guardian.ts';
import { describeMachine, type Machine } from './measure/machine.ts';
import type { MemoryCgroup } from './measure/memory-cgroup.ts';
import { resultLine } from './report/lines.ts';
import { isReached, type Result, type Row } from './row.ts';

/** What `--json` writes. */
export interface Report {
  readonly startedAt: string;
  readonly isFull: boolean;
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
}

/** Runs rows one after the other. */
export async function run(
  { guardian, memoryCgroup, print }: RunDependencies,
  { rows, isFull }: { readonly rows: readonly Row[]; readonly isFull: boolean },
): Promise<Report> {
  const startedAt = new Date().toISOString();
  const entry = await builtBundle();
  const reports: RowReport[] = [];
  for (const { name, work, limit, measure } of rows) {
    print(`\n${name}: ${work}, compared with ${limit}`);
    const startedMs = performance.now();
    const progress = (line: string): void => print(`  … ${line}`);
    const results = await measure({ guardian, entry, inMemoryCgroup: memoryCgroup.command, isFull, progress });
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    for (const result of results) print(`  ${resultLine(result)}`);
    print(`  took ${formatDuration(seconds * 1000)}`);
    reports.push({
      name,
      work,
      limit,
      seconds,
      results: results.map((one) => Object.assign({ isReached: isReached(one) }, one)),
    });
  }
  return { startedAt, isFull, machine: await describeMachine(memoryCgroup), rows: reports };
}
