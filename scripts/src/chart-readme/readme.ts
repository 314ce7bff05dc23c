import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { CHART_FILE } from './icon.ts';
import { valuesTables } from './table.ts';
import { type ChartValue, readChartValues } from './values.ts';

/** The page that people read before they install. */
export const CHART_README = fileURLToPath(new URL('../../../chart/README.md', import.meta.url));

const VALUES = fileURLToPath(new URL('../../../chart/values.yaml', import.meta.url));
const SCHEMA = fileURLToPath(new URL('../../../chart/values.schema.json', import.meta.url));

const BEGIN = '<!-- made from values.yaml by npm run chart-readme -->\n';
const END = '\n<!-- the end of that -->';

/** Every value of the chart. */
export async function readValues(): Promise<readonly ChartValue[]> {
  const [text, schema] = await Promise.all([readFile(VALUES, 'utf8'), readFile(SCHEMA, 'utf8')]);
  return readChartValues(text, JSON.parse(schema));
}

/**
 * The page with the tables as they must be now.
 *
 * @throws if the page has no place for them
 */
export async function chartReadme(): Promise<string> {
  const [page, chart] = await Promise.all([readFile(CHART_README, 'utf8'), readFile(CHART_FILE, 'utf8')]);
  const pages = addressOfPages(chart);
  const [before, rest] = split(page.replaceAll('](../', `](${pages}/`), BEGIN);
  const [, after] = split(rest, END);
  return `${before}${BEGIN}${valuesTables(await readValues(), pages)}${END}${after}`;
}

/**
 * Of a release, an address that also works in a packaged chart and on Artifact Hub. Before the first release there is
 * none, so the links are relative (`npm run release-address` sets `home`).
 */
export function addressOfPages(chart: string): string {
  const [, home] = /^home: (.+)$/m.exec(chart) ?? [];
  const [, version] = /^version: (.+)$/m.exec(chart) ?? [];
  return home === undefined ? '..' : `${home}/blob/v${version}`;
}

function split(text: string, mark: string): readonly [string, string] {
  const index = text.indexOf(mark);
  if (index < 0) throw new Error(`the chart's README.md has no line ${mark.trim()}`);
  return [text.slice(0, index), text.slice(index + mark.length)];
}
