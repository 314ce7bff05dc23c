/**
 * `npm run vulnerabilities`: looks up what became known of the packages in the bundles. The exit status is 1 if one is
 * vulnerable, 2 if OSV did not answer.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import * as z from 'zod';
import { BUNDLE_DIR } from '../bundle/bundle.ts';
import { SBOM_FILE } from '../sbom/sbom.ts';
import { findVulnerabilities } from './vulnerabilities.ts';

const { components } = z
  .object({ components: z.array(z.object({ purl: z.string() })) })
  .parse(JSON.parse(await readFile(join(BUNDLE_DIR, SBOM_FILE), 'utf8')));
try {
  const lines = await findVulnerabilities(components.map(({ purl }) => purl));
  const summary = `${lines.length} known vulnerabilities in ${components.length} packages`;
  process.stdout.write(`${[...lines, summary].join('\n')}\n`);
  process.exitCode = lines.length > 0 ? 1 : 0;
} catch (error) {
  process.stderr.write(`nothing was checked, run it again: ${describeError(error)}\n`);
  process.exitCode = 2;
}
