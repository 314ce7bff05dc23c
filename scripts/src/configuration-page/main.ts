/** `npm run docs`: writes the page of all settings anew from the code. */
import { writeFile } from 'node:fs/promises';
import { CONFIGURATION_PAGE, configurationPage } from './page.ts';

await writeFile(CONFIGURATION_PAGE, configurationPage());
