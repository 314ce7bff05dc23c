/** `npm run bench-pages`: puts `bench/results.json` into the pages. */
import { writeFile } from 'node:fs/promises';
import { pages } from './pages.ts';

for (const [file, text] of await pages()) await writeFile(file, text);
