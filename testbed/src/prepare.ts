/**
 * What `npm test` does first, where a person sees it: tests have a time limit and a hidden output.
 * Looks whether the pods' ports are free and makes the local cluster's binaries and the product's bundle
 * ready.
 */
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { ensureBinaries, ensureKubectl } from './local-cluster/binaries.ts';
import { progressToStderr } from './local-cluster/progress.ts';
import { requireLinux } from './local-cluster/settings.ts';
import { builtBundle } from './playground/built-bundle.ts';
import { requireFreePodPorts } from './playground/ports.ts';

try {
  requireLinux(process.platform);
  await requireFreePodPorts();
  const options = { progress: progressToStderr, environment: process.env };
  await ensureBinaries(options);
  await ensureKubectl(options);
  await builtBundle();
} catch (error) {
  process.stderr.write(`Cannot prepare the tests: ${describeError(error)}\n`);
  process.exitCode = 1;
}
