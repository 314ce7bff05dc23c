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
}

/** The help. */
export function usage(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const names = rows.map(({ name, work }) => `  ${name.padEnd(width)}  ${work}`).join('\n');
  return `Usage: npm run bench [-- [NAME...] [--json FILE] [--full]]

Measures the product against a limit in the same run. Without a name it runs all rows:

${names}

  --json FILE  write the results to a file
  --full       run the longer versions
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
  const rows = all.filter((row) => positionals.length === 0 || positionals.some((name) => isSelected(row, name)));
  return { rows, isFull: values.full ?? false, jsonFile: values.json };
}

function parse(args: readonly string[]) {
  try {
    const options = { json: { type: 'string' }, full: { type: 'boolean' } } as const;
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    return { problem: describeError(error) };
  }
}

function isSelected(row: Row, name: string): boolean {
  return row.name === name || row.name.startsWith(`${name}-`);
}
