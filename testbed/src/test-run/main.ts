/**
 * What `npm test` runs: all tests, or the test files that follow `--`. What begins with a hyphen is an option of
 * tap. `--prepare-only` runs no test.
 */
import { fileURLToPath } from 'node:url';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { buildTap } from './build-tap.ts';
import { findTestFiles } from './find-test-files.ts';
import { prepareCluster } from './prepare.ts';
import { runTap } from './run-tap.ts';

const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));

const args = process.argv.slice(2);
const isPrepareOnly = args.includes('--prepare-only');
const options = args.filter((arg) => arg.startsWith('-') && arg !== '--prepare-only');
const names = args.filter((arg) => !arg.startsWith('-'));

try {
  const files = await findTestFiles(names, CHECKOUT);
  const isClusterNeeded = names.length === 0 || files.some(needsCluster);
  // Each takes one CPU for seconds.
  await Promise.all([isClusterNeeded && prepareCluster(), buildTap(CHECKOUT)]);
  if (!isPrepareOnly) process.exitCode = await runTap(CHECKOUT, [...options, ...files]);
} catch (error) {
  process.stderr.write(`Cannot run the tests: ${describeError(error)}\n`);
  process.exitCode = 1;
}

function needsCluster(file: string): boolean {
  return file.startsWith('e2e/') || file.startsWith('testbed/');
}
