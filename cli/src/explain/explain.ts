import { createConfiguredKubeClient } from '@ecr-pull-secrets/renewer/network/kube-client.ts';
import { wantsHelp } from '@ecr-pull-secrets/shared/command-line/usage.ts';
import type { Invocation } from '../commands.ts';
import { exitCodeOf } from '../report/finding.ts';
import { type Finding, renderJson, renderText } from './finding.ts';
import { type ImageToPull, imageFindings } from './images.ts';
import { injectionFindings } from './injection.ts';
import { optInFindings } from './opt-in-findings.ts';
import { webhookOf } from './opt-in.ts';
import { readClusterEnvironment } from '../cluster/environment.ts';
import { explainUsage, readExplainOptions } from './options.ts';
import { podFindings } from './pod.ts';
import { startProgress } from '../report/progress.ts';
import { pullFinding } from './pulls.ts';
import { tryPull } from './pull-test.ts';
import { createHttpsGetter, type HttpsGetter } from '@ecr-pull-secrets/kube/network/https-get.ts';
import type { Release } from '../cluster/release.ts';
import { secretFindings } from './secret.ts';
import { readClusterState } from './cluster-state.ts';

/** How many images are tried; a pod with more is rare. */
const MOST_PULLS = 10;

/**
 * `ecr-pull-secrets explain NAMESPACE[/POD]`.
 *
 * @returns the exit status
 * @throws a UsageError, ECRPS_CONFIGURATION_INVALID, or ECRPS_KUBERNETES_UNREACHABLE
 */
export async function runExplain({ args, environment, stdout, stderr, clock }: Invocation): Promise<number> {
  if (wantsHelp(args)) {
    stdout.write(explainUsage());
    return 0;
  }
  const options = readExplainOptions(args);
  const configuration = readClusterEnvironment(environment);
  const client = createConfiguredKubeClient(configuration, 'explain');
  const registryClient = createHttpsGetter(configuration.proxies);
  const progress = startProgress(stderr);
  try {
    progress.doing('reading the cluster');
    const cluster = await readClusterState(client, options);
    const subject = options.pod === undefined ? options.namespace : `${options.namespace}/${options.pod}`;
    const report = (findings: readonly Finding[]): number => {
      stdout.write((options.isJson ? renderJson : renderText)(subject, findings));
      return exitCodeOf(findings);
    };
    if ('missing' in cluster.namespace) return report(optInFindings(cluster));
    const images = imageFindings(cluster);
    progress.doing('trying the pull');
    return report([
      ...optInFindings(cluster),
      ...injectionFindings(cluster, clock.now()),
      ...podFindings(cluster),
      ...secretFindings(cluster, clock.now()),
      ...images.findings,
      ...(options.pullTest ? await tryPulls(registryClient, images.toPull, webhookOf(cluster).release) : []),
    ]);
  } finally {
    progress.end();
    await Promise.all([client.close(), registryClient.close()]);
  }
}

function tryPulls(client: HttpsGetter, images: readonly ImageToPull[], release: Release): Promise<readonly Finding[]> {
  return Promise.all(
    images.slice(0, MOST_PULLS).map(async ({ image, credential }) => {
      return pullFinding(image, await tryPull(client, image, credential.basic), release);
    }),
  );
}
