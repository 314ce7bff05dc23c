import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { didYouMean } from '@ecr-pull-secrets/shared/command-line/usage.ts';
import type { Row } from './row.ts';

/** What to run. */
export interface Options {
  readonly rows: readonly Row[];
  readonly isFull: boolean;
  /** Where the results are written. */
  readonly jsonFile: string | undefined;
  /** Another checkout, whose product takes the place of the limits. */
  readonly against: string | undefined;
}

/** The help. */
export function usage(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const names = rows.map(({ name, work }) => `  ${name.padEnd(width)}  ${work}`).join('\n');
  return `Usage: npm run bench [-- [NAME...] [--against DIRECTORY] [--json FILE] [--full]]

Measures the product against a limit in the same run. Without a name it runs all rows:

${names}

  --against DIRECTORY  compare with the product of another checkout, in which npm ci was run, in place of the limits
  --json FILE          write the results to a file
  --full               run the longer versions
`;
}

/**
 * Reads the arguments. A name also selects the rows whose names begin with it and a hyphen.
 *
 * @returns the options, or a problem
 */
export function readArguments(all: readonly Row[], args: readonly string[]): Options | { readonly problem: string } {
  const parsed = parse(args);
  if ('problem' in parsed) return parsed;
  const { positionals, values } = parsed;
  const unknown = positionals.find((name) => !all.some((row) => isSelected(row, name)));
  if (unknown !== undefined) {
    const names = all.map(({ name }) => name);
    return { problem: `no row is named ${JSON.stringify(unknown)}${didYouMean(unknown, names)}` };
  }
  const { full: isFull = false, json: jsonFile, against } = values;
  if (against !== undefined && !existsSync(join(against, 'bench/src/main.ts'))) {
    return { problem: `${JSON.stringify(against)} is not a checkout with a benchmark` };
  }
  const rows = all.filter((row) => positionals.length === 0 || positionals.some((name) => isSelected(row, name)));
  if (against === undefined) return { rows, isFull, jsonFile, against };
  const absolute = rows.find(({ name, compare }) => positionals.includes(name) && !compare);
  if (absolute) return { problem: `${absolute.name} does not support --against` };
  return { rows: rows.filter(({ compare }) => compare), isFull, jsonFile, against };
}

function parse(args: readonly string[]) {
  try {
    const options = { json: { type: 'string' }, full: { type: 'boolean' }, against: { type: 'string' } } as const;
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    return { problem: describeError(error) };
  }
}

function isSelected(row: Row, name: string): boolean {
  return row.name === name || row.name.startsWith(`${name}-`);
}
