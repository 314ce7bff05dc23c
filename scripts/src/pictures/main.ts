/** `npm run pictures`: draws the pictures of the pages anew, from the output of the demo and from the dashboard. */
import { writeFile } from 'node:fs/promises';
import { pictures } from './pictures.ts';

for (const [file, text] of await pictures()) await writeFile(file, text);
