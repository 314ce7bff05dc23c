import { glob, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Report } from '../run.ts';
import { reviewMarkdown } from './review.ts';
import { comparisonsMarkdown, resultsMarkdown } from './table.ts';

const BENCH = new URL('../../', import.meta.url);

/** The results that the pages show: the output of `npm run bench -- --json bench/results.json`. */
export async function readResults(): Promise<Report> {
  return JSON.parse(await readFile(new URL('results.json', BENCH), 'utf8'));
}

/** What `--against DIRECTORY --json bench/before-after/NAME.json` wrote, by the name with spaces in place of hyphens. */
async function readComparisons(): Promise<ReadonlyMap<string, Report>> {
  const files: string[] = [];
  for await (const file of glob('before-after/*.json', { cwd: BENCH })) files.push(file);
  const read = files.toSorted().map(async (file): Promise<[string, Report]> => {
    const report: Report = JSON.parse(await readFile(new URL(file, BENCH), 'utf8'));
    return [basename(file, '.json').replaceAll('-', ' '), report];
  });
  return new Map(await Promise.all(read));
}

/** The pages that contain results, each with its text after they were put in. */
export async function pages(): Promise<ReadonlyMap<URL, string>> {
  const report = await readResults();
  const comparisons = comparisonsMarkdown(await readComparisons());
  const readme = new URL('README.md', BENCH);
  const performancePage = new URL('../docs/performance.md', BENCH);
  return new Map([
    [readme, withResults(await readFile(readme, 'utf8'), resultsMarkdown(report), comparisons)],
    [performancePage, withResults(await readFile(performancePage, 'utf8'), reviewMarkdown(report))],
  ]);
}

const [BEGIN, END] = ['<!-- made by: npm run bench-pages -->', '<!-- end -->'];

/** @throws if the page has no place for them, or too many */
function withResults(page: string, ...results: readonly string[]): string {
  const [before, ...parts] = page.split(BEGIN);
  if (parts.length !== results.length) throw new Error(`the page does not have ${BEGIN} ${results.length} times`);
  const filled = parts.map((part, index) => {
    const [, after] = part.split(END);
    if (after === undefined) throw new Error(`the page lacks ${END}`);
    return `${BEGIN}\n\n${results[index]}\n\n${END}${after}`;
  });
  return [before, ...filled].join('');
}
