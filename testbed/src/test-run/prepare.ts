import { ensureBinaries, ensureKubectl } from '../local-cluster/binaries.ts';
import { progressToStderr } from '../local-cluster/progress.ts';
import { requireLinux } from '../local-cluster/settings.ts';
import { ensurePrometheus } from '../prometheus/binaries.ts';
import { builtBundle } from '../playground/built-bundle.ts';
import { requireFreePodPorts } from '../playground/ports.ts';

/**
 * Makes the binaries of the local cluster and the bundle of the product, where a person sees the progress: a test
 * has a time limit and a hidden output.
 *
 * @throws if the platform is not Linux, a port of the pods is taken, or something cannot be built
 */
export async function prepareCluster(): Promise<void> {
  requireLinux(process.platform);
  await requireFreePodPorts();
  const options = { progress: progressToStderr, environment: process.env };
  await ensureBinaries(options);
  await ensureKubectl(options);
  const prometheus = await ensurePrometheus(options);
  if ('missing' in prometheus) progressToStderr(`The tests with Prometheus are skipped: ${prometheus.missing}`);
  await builtBundle();
}
