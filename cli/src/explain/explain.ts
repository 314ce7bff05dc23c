import { createConfiguredKubeClient } from '@ecr-pull-secrets/renewer/network/kube-client.ts';
import { wantsHelp } from '@ecr-pull-secrets/shared/command-line/usage.ts';
import type { Invocation } from '../invocation.ts';
import { exitCodeOf } from '../report/finding.ts';
import { type Finding, renderJson, renderText } from './finding.ts';
import { type ImageToPull, imageFindings } from './images.ts';
import { injectionFindings } from './injection.ts';
import { optInFindings } from './opt-in-findings.ts';
import { webhookOf } from './opt-in.ts';
import { INTERRUPTED_EXIT_CODE } from '@ecr-pull-secrets/shared/runtime/stop-signal.ts';
import { readClusterEnvironment } from '../cluster/environment.ts';
import { type ExplainOptions, explainUsage, readExplainOptions } from './options.ts';
import { podFindings } from './pod.ts';
import { readFailure } from './read-failure.ts';
import { startProgress } from '../report/progress.ts';
import { pullFinding } from './pulls.ts';
import { tryPull } from '../pull-test/try-pull.ts';
import { createHttpsGetter, type HttpsGetter } from '@ecr-pull-secrets/kube/network/https-get.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { unlessAborted } from '@ecr-pull-secrets/shared/runtime/unless-aborted.ts';
import { pullFromCluster } from './from-cluster/from-cluster.ts';
import { secretFindings } from './secret.ts';
import { type ClusterState, readClusterState } from './cluster-state.ts';

/** How many images are tried; a pod with more is rare. */
const MOST_PULLS = 10;

const HERE = { kind: 'here' } as const;

/**
 * `ecr-pull-secrets explain NAMESPACE[/POD]`.
 *
 * @returns the exit status
 * @throws a UsageError, ECRPS_CONFIGURATION_INVALID, or ECRPS_KUBERNETES_UNREACHABLE
 */
export async function runExplain(invocation: Invocation): Promise<number> {
  const { args, environment, stdout, stderr, stop } = invocation;
  if (wantsHelp(args)) {
    stdout.write(explainUsage());
    return 0;
  }
  const options = readExplainOptions(args);
  const configuration = readClusterEnvironment(environment);
  const client = await createConfiguredKubeClient(invocation, configuration, 'explain');
  const registryClient = createHttpsGetter(invocation, configuration);
  const progress = startProgress(stderr);
  try {
    const findings = await examine({ ...invocation, client, registryClient, progress }, options);
    if (stop.aborted) return INTERRUPTED_EXIT_CODE;
    const subject = options.pod === undefined ? options.namespace : `${options.namespace}/${options.pod}`;
    stdout.write((options.isJson ? renderJson : renderText)(subject, findings));
    return exitCodeOf(findings);
  } catch (error) {
    if (stop.aborted) return INTERRUPTED_EXIT_CODE;
    throw error;
  } finally {
    progress.end();
    await Promise.all([client.close(), registryClient.close()]);
  }
}

interface Tools extends Pick<Invocation, 'clock' | 'stop'> {
  readonly client: KubeClient;
  readonly registryClient: HttpsGetter;
  readonly progress: ReturnType<typeof startProgress>;
}

/** @throws if `stop` aborts; a test pod is deleted before */
async function examine(tools: Tools, options: ExplainOptions): Promise<readonly Finding[]> {
  const { client, clock, progress, stop } = tools;
  progress.doing('reading the cluster');
  const state = await unlessAborted(readClusterState(client, options), stop);
  const cluster = { ...state, failure: await unlessAborted(readFailure(client, state), stop) };
  if ('missing' in cluster.namespace) return optInFindings(cluster);
  const images = imageFindings(cluster);
  return [
    ...optInFindings(cluster),
    ...injectionFindings(cluster, clock.now()),
    ...podFindings(cluster),
    ...secretFindings(cluster, clock.now()),
    ...images.findings,
    ...(await pullFindings(tools, cluster, images.toPull, options)),
  ];
}

async function pullFindings(
  { client, clock, progress, registryClient, stop }: Tools,
  cluster: ClusterState,
  images: readonly ImageToPull[],
  { pullTest, testImage }: ExplainOptions,
): Promise<readonly Finding[]> {
  if (pullTest === 'none') return [];
  if (pullTest === 'cluster') {
    progress.doing(`trying the pull from a pod in the namespace ${cluster.subject.namespace}`);
    return await pullFromCluster({ client, clock, stop }, cluster, images, { testImage, mostPulls: MOST_PULLS });
  }
  progress.doing('trying the pull');
  const { release } = webhookOf(cluster);
  const tries = images.slice(0, MOST_PULLS).map(async ({ image, credential }) => {
    return pullFinding(image, await tryPull(registryClient, image, credential.basic), { release, place: HERE });
  });
  return await unlessAborted(Promise.all(tries), stop);
}
