import type { Guardian } from '@ecr-pull-secrets/testbed/local-cluster/guardian.ts';
import type { Product } from './processes/product.ts';
import type { Quartiles } from './measure/statistics.ts';

/**
 * A row of the benchmark: one file in `rows/`, listed in `rows.ts`. It measures the product and its limit in turn, in
 * the same run, and leaves no process behind.
 */
export interface Row {
  /** `npm run bench -- NAME` selects it; `memory` selects `memory-webhook` too. */
  readonly name: string;
  /** What is measured, for the page: a phrase. */
  readonly work: string;
  /** What it is compared with: a phrase. */
  readonly limit: string;
  /** How long it takes on 2 cores with no other work, for the remaining time; all rows together have 20 minutes. */
  readonly seconds: number;
  /** @throws if anything that was measured failed, because then the figures mean nothing */
  readonly measure: (bench: Bench) => Promise<readonly Result[]>;
  /** Measures the product in place of the limit too, as it was before. */
  readonly compare?: (after: Bench, before: Bench) => Promise<readonly Result[]>;
}

/** What a row gets. */
export interface Bench {
  /** Starts all processes and owns the temporary files. It ends them if the benchmark is interrupted. */
  readonly guardian: Guardian;
  /** What is measured. */
  readonly product: Product;
  /** The command in front of which a program and its arguments run in a memory cgroup; empty if there is none. */
  readonly inMemoryCgroup: readonly string[];
  /** `--full`. */
  readonly isFull: boolean;
  /** Shows a line of progress. */
  readonly progress: (line: string) => void;
}

/** A figure of a row: ours beside that of the limit. */
export interface Result {
  /** What varies within the row, for example the size of the body. */
  readonly what: string;
  /** What was measured, with its unit. */
  readonly unit: string;
  /** What the limit is, if it is not that of the row. */
  readonly limitName?: string;
  readonly ours: Quartiles;
  readonly limit: Quartiles;
  /** Ours divided by the limit, each pair of runs by itself. */
  readonly ratio: Quartiles;
  /** What the median must reach; a figure without it is only reported. */
  readonly target?: Target;
}

export interface Target {
  readonly of: 'ours' | 'ratio';
  readonly is: 'at least' | 'at most';
  readonly value: number;
}

/** Whether the median reaches the target; true without a target. */
export function isReached({ target, ours, ratio }: Result): boolean {
  if (!target) return true;
  const { median } = target.of === 'ours' ? ours : ratio;
  return target.is === 'at least' ? median >= target.value : median <= target.value;
}
