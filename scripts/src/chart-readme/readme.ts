import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { valuesTable } from './table.ts';
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
 * The page with the table as it must be now.
 *
 * @throws if the page has no place for it
 */
export async function chartReadme(): Promise<string> {
  const page = await readFile(CHART_README, 'utf8');
  const [before, rest] = split(page, BEGIN);
  const [, after] = split(rest, END);
  return `${before}${BEGIN}${valuesTable(await readValues())}${END}${after}`;
}

function split(text: string, mark: string): readonly [string, string] {
  const index = text.indexOf(mark);
  if (index < 0) throw new Error(`the chart's README.md has no line ${mark.trim()}`);
  return [text.slice(0, index), text.slice(index + mark.length)];
}
