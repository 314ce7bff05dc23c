/** `npm run chart-readme`: writes the table of values anew. */
import { writeFile } from 'node:fs/promises';
import { CHART_README, chartReadme } from './readme.ts';

await writeFile(CHART_README, await chartReadme());
