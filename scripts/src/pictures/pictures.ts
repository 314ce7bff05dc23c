import { readFile } from 'node:fs/promises';
import { type Dashboard, dashboardDrawing } from './dashboard.ts';
import { terminalPicture } from './terminal.ts';

const CHECKOUT = new URL('../../../', import.meta.url);

/** The output of a run of the demo, as it was. */
export const DEMO_OUTPUT = new URL('docs/pictures/demo.txt', CHECKOUT);

/** The pictures that are generated, each with its file. */
export async function pictures(): Promise<ReadonlyMap<URL, string>> {
  const output = await readFile(DEMO_OUTPUT, 'utf8');
  const dashboard: Dashboard = JSON.parse(
    await readFile(new URL('chart/dashboards/ecr-pull-secrets.json', CHECKOUT), 'utf8'),
  );
  return new Map([
    [new URL('docs/pictures/demo.svg', CHECKOUT), terminalPicture('npm run demo', output)],
    [new URL('docs/pictures/dashboard.svg', CHECKOUT), dashboardDrawing(dashboard)],
  ]);
}
