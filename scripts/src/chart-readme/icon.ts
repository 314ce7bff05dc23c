import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** The file with the chart's metadata. */
export const CHART_FILE = fileURLToPath(new URL('../../../chart/Chart.yaml', import.meta.url));

const ICON = new URL('../../../chart/icon.svg', import.meta.url);

/** The chart's metadata with its icon as a data URI, which needs no address. */
export async function chartFileWithIcon(): Promise<string> {
  const [chart, icon] = await Promise.all([readFile(CHART_FILE, 'utf8'), readFile(ICON)]);
  return chart.replace(/^icon: .*$/m, `icon: data:image/svg+xml;base64,${icon.toString('base64')}`);
}
