import { readFile } from 'node:fs/promises';
import type { Report } from '../run.ts';
import { reviewMarkdown } from './review.ts';
import { resultsMarkdown } from './table.ts';

const BENCH = new URL('../../', import.meta.url);

/** The results that the pages show: the output of `npm run bench -- --json bench/results.json`. */
export async function readResults(): Promise<Report> {
  return JSON.parse(await readFile(new URL('results.json', BENCH), 'utf8'));
}

/** The pages that contain results, each with its text after they were put in. */
export async function pages(): Promise<ReadonlyMap<URL, string>> {
  const report = await readResults();
  const readme = new URL('README.md', BENCH);
  const performancePage = new URL('../docs/performance.md', BENCH);
  return new Map([
    [readme, withResults(await readFile(readme, 'utf8'), resultsMarkdown(report))],
    [performancePage, withResults(await readFile(performancePage, 'utf8'), reviewMarkdown(report))],
  ]);
}

const [BEGIN, END] = ['<!-- made by: npm run bench-pages -->', '<!-- end -->'];

/** @throws if the page has no place for them */
function withResults(page: string, results: string): string {
  const [before, rest] = page.split(BEGIN);
  const [, after] = rest?.split(END) ?? [];
  if (before === undefined || after === undefined) throw new Error(`the page lacks ${BEGIN} or ${END}`);
  return `${before}${BEGIN}\n\n${results}\n\n${END}${after}`;
}
