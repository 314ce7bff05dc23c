import type { Report, RowReport } from '../run.ts';
import { ROWS } from '../rows.ts';
import { number, range, targetText } from './lines.ts';

/** The results as Markdown: a table for each row, and what the figures depend on. */
export function resultsMarkdown({ startedAt, isFull, machine, rows }: Report): string {
  const { cores, cpu, kernel, node, client, memoryCgroup, commit } = machine;
  const changes = machine.hasUncommittedChanges ? ' with uncommitted changes' : '';
  const missing = ROWS.filter(({ name }) => !rows.some((row) => row.name === name)).map(({ name }) => `\`${name}\``);
  return [
    `Run on ${startedAt.slice(0, 10)}${isFull ? ' with `--full`' : ''}, at commit \`${commit.slice(0, 12)}\`${changes}: ${cores} cores (${cpu}), Linux ${kernel}, Node ${node}, client \`${client}\`, memory cgroup: ${memoryCgroup}.`,
    ...(missing.length > 0 ? [`Rows that were not run: ${missing.join(', ')}.`] : []),
    ...rows.map(rowMarkdown),
  ].join('\n\n');
}

function rowMarkdown({ name, work, limit, seconds, results }: RowReport): string {
  const lines = results.map(({ what, unit, limitName, ours, limit: of, ratio, target, isReached }) =>
    [
      limitName === undefined ? what : `${what}; limit: ${limitName}`,
      unit,
      number(ours.median),
      number(of.median),
      range(ratio),
      target ? targetText(target) : 'reported',
      target ? (isReached ? 'yes' : '**no**') : '',
    ].join(' | '),
  );
  return [
    `### ${name}`,
    '',
    `Measured: ${work}. Limit: ${limit}. The row took ${seconds} s.`,
    '',
    '| case | unit | ours | limit | ratio | to reach | reached |',
    '|---|---|---|---|---|---|---|',
    ...lines.map((line) => `| ${line} |`),
  ].join('\n');
}

/** What changes gave, each measured against the commit before it in one run. */
export function comparisonsMarkdown(comparisons: ReadonlyMap<string, Pick<Report, 'rows'>>): string {
  const lines = [...comparisons].flatMap(([change, { rows }]) =>
    rows.flatMap(({ name, results }) =>
      results.map(({ what, unit, ours, limit, ratio }) =>
        [change, name, what, unit, number(limit.median), number(ours.median), range(ratio)].join(' | '),
      ),
    ),
  );
  return [
    '| change | row | case | unit | before | after | after / before |',
    '|---|---|---|---|---|---|---|',
    ...lines.map((line) => `| ${line} |`),
  ].join('\n');
}
