import { readFile } from 'node:fs/promises';
import { readResults } from '@ecr-pull-secrets/bench/report/pages.ts';
import { reviewCosts } from '@ecr-pull-secrets/bench/report/review.ts';
import { type Dashboard, dashboardDrawing } from './dashboard.ts';
import { reviewCostsPicture } from './review-costs.ts';
import { terminalPicture } from './terminal.ts';

const CHECKOUT = new URL('../../../', import.meta.url);

/** The output of a run of the demo, as README.md shows it. */
export async function demoOutput(): Promise<string> {
  const readme = await readFile(new URL('README.md', CHECKOUT), 'utf8');
  const [, output = ''] = /^ {4}.*npm run demo\n\n```\n([^]*?)^```$/m.exec(readme) ?? [];
  return output;
}

/** The pictures that are generated, each with its file. */
export async function pictures(): Promise<ReadonlyMap<URL, string>> {
  const dashboard: Dashboard = JSON.parse(
    await readFile(new URL('chart/dashboards/ecr-pull-secrets.json', CHECKOUT), 'utf8'),
  );
  return new Map([
    [new URL('docs/pictures/demo.svg', CHECKOUT), terminalPicture('npm run demo', await demoOutput())],
    [new URL('docs/pictures/dashboard.svg', CHECKOUT), dashboardDrawing(dashboard)],
    [new URL('docs/pictures/review-costs.svg', CHECKOUT), reviewCostsPicture(reviewCosts(await readResults()))],
  ]);
}
