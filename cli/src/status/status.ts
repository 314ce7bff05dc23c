import { createConfiguredKubeClient } from '@ecr-pull-secrets/renewer/network/kube-client.ts';
import { wantsHelp } from '@ecr-pull-secrets/shared/command-line/usage.ts';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { INTERRUPTED_EXIT_CODE } from '@ecr-pull-secrets/shared/runtime/stop-signal.ts';
import { unlessAborted } from '@ecr-pull-secrets/shared/runtime/unless-aborted.ts';
import { readClusterEnvironment } from '../cluster/environment.ts';
import { createReader } from '../cluster/reader.ts';
import type { Invocation } from '../invocation.ts';
import { exitCodeOf } from '../report/finding.ts';
import { startProgress } from '../report/progress.ts';
import { readStatusOptions, statusUsage, type StatusOptions } from './options.ts';
import { readRelease, type StatusDependencies } from './read-release.ts';
import { findReleases } from './releases.ts';
import { findingsOf, renderJson, renderText } from './render.ts';
import { type Report, reportOf } from './report.ts';
import { watchReport } from './watch.ts';

/**
 * `ecr-pull-secrets status`.
 *
 * @returns the exit status
 * @throws a UsageError, ECRPS_CONFIGURATION_INVALID, or ECRPS_KUBERNETES_UNREACHABLE
 */
export async function runStatus({ args, environment, stdout, stderr, clock, stop }: Invocation): Promise<number> {
  if (wantsHelp(args)) {
    stdout.write(statusUsage());
    return 0;
  }
  const options = readStatusOptions(args);
  const client = await createConfiguredKubeClient({ clock }, readClusterEnvironment(environment), 'status');
  const dependencies = { client, reader: createReader(client, stop), clock, environment, signal: stop };
  const progress = startProgress(stderr);
  const render = (report: Report): string =>
    options.output === 'text' ? renderText(report) : renderJson(report, options.watch ? undefined : 2);
  try {
    progress.doing('reading the cluster');
    let report = await unlessAborted(readReport(dependencies, options), stop);
    progress.end();
    if (options.watch) {
      let first: Report | undefined = report;
      await watchReport({ clock, stdout, signal: stop }, async () => {
        const next = first ?? (await readAgain(dependencies, options));
        first = undefined;
        // What a stop interrupted is no report.
        if (!stop.aborted) report = next;
        return `${options.output === 'text' ? `${new Date(clock.now()).toISOString()}\n\n` : ''}${render(report)}`;
      });
    } else {
      stdout.write(render(report));
    }
    return exitCodeOf(findingsOf(report));
  } catch (error) {
    if (stop.aborted) return INTERRUPTED_EXIT_CODE;
    throw error;
  } finally {
    progress.end();
    await client.close();
  }
}

async function readReport(dependencies: StatusDependencies, options: StatusOptions): Promise<Report> {
  const found = await findReleases(dependencies.reader, options, dependencies.environment);
  if ('none' in found) return { releases: [], findings: [found.none] };
  const states = await Promise.all(found.releases.map((release) => readRelease(dependencies, release)));
  return { releases: states.map(reportOf), findings: [] };
}

/** While it watches, an API server that restarts does not end it. */
async function readAgain(dependencies: StatusDependencies, options: StatusOptions): Promise<Report> {
  try {
    return await readReport(dependencies, options);
  } catch (error) {
    return { releases: [], findings: [{ state: 'unknown', message: describeError(error) }] };
  }
}
