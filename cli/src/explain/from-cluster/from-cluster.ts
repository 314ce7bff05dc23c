import { foundIn } from '../../cluster/read.ts';
import type { Release } from '../../cluster/release.ts';
import { readOutcomes } from '../../pull-test/pull-outcome.ts';
import type { ClusterState } from '../cluster-state.ts';
import { type Finding, findingsOfStep } from '../finding.ts';
import { ecrImagesOf } from '../injection.ts';
import type { ImageToPull } from '../images.ts';
import { webhookOf } from '../opt-in.ts';
import { pullFinding } from '../pulls.ts';
import { missingRights } from './missing-rights.ts';
import { readReleaseNetwork } from './release-network.ts';
import { type PodRun, type PodRunDependencies, runPod } from './run-pod.ts';
import { testPod } from './test-pod.ts';

const { unknown, note } = findingsOfStep('pull');

export interface FromClusterOptions {
  /** The image of the test pod; that of the release if it is absent. */
  readonly testImage: string | undefined;
  readonly mostPulls: number;
}

/** Tries the pulls from a pod in the namespace, which is deleted afterwards. */
export async function pullFromCluster(
  dependencies: PodRunDependencies,
  cluster: ClusterState,
  toPull: readonly ImageToPull[],
  { testImage, mostPulls }: FromClusterOptions,
): Promise<readonly Finding[]> {
  const { settings, subject } = cluster;
  const { namespace } = subject;
  const pod = foundIn(cluster.pod);
  const images = imagesToTry(cluster, toPull).slice(0, mostPulls);
  if (hasNothingToTry(cluster, images)) return [];
  const missing = await missingRights(dependencies.client, namespace);
  if (missing.length > 0) {
    return [
      unknown(`the test pod was not created: you lack the right to ${missing.join(', ')} in namespace ${namespace}`),
    ];
  }
  if (!pod) return [];
  const deployment = foundIn(cluster.deployment);
  const container = deployment?.spec.template.spec.containers.find(({ name }) => name === 'renewer');
  const image = testImage ?? container?.image;
  if (image === undefined) {
    return [unknown('the image of the release cannot be read from its Deployment: set it by --test-image')];
  }
  const { release } = webhookOf(cluster);
  const network = await readReleaseNetwork(dependencies.client, release.namespace, deployment);
  const imagePullPolicy = testImage === undefined ? container?.imagePullPolicy : undefined;
  const { secretName } = settings;
  const manifest = testPod({ image, imagePullPolicy, secretName, images, pod, network });
  const run = await runPod(dependencies, namespace, manifest);
  const lacks = network.lacks.map((what) => note(`the test pod does not have ${what}`));
  const leftBehind =
    run.leftBehind === undefined ? [] : [leftBehindFinding(manifest.metadata.name, namespace, run.leftBehind)];
  return [...lacks, ...findingsOf(run, { image, images, release }), ...leftBehind];
}

/** Anyone who may change pods of the namespace can change the log, but not which images it is about. */
function findingsOf(
  run: PodRun,
  { image, images, release }: { readonly image: string; readonly images: readonly string[]; readonly release: Release },
): readonly Finding[] {
  if (run.kind === 'failed') return [unknown(run.reason)];
  const outcomes = readOutcomes(run.log);
  const tried = images.flatMap((each) => outcomes.find((outcome) => outcome.image === each) ?? []);
  if (tried.length === 0) return [unknown(withoutOutcome(image, run.exitCode))];
  const place = { kind: 'pod', node: run.node } as const;
  return tried.map((each) => pullFinding(each.image, each.result, { release, place }));
}

function leftBehindFinding(name: string, namespace: string, why: string): Finding {
  const command = `kubectl delete pod ${name} --namespace ${namespace}`;
  return unknown(`the test pod ${name} could not be deleted: ${why}`, command);
}

/** A pod that cannot be read hides its images, but not that this person may not create one. */
function hasNothingToTry({ pod }: ClusterState, images: readonly string[]): boolean {
  return pod === undefined || 'missing' in pod || ('found' in pod && images.length === 0);
}

/** A person without the right to read the secret may still mount it. */
function imagesToTry(cluster: ClusterState, toPull: readonly ImageToPull[]): readonly string[] {
  const pod = foundIn(cluster.pod);
  if ('unread' in cluster.secret && pod) return ecrImagesOf(pod, cluster);
  return toPull.map(({ image }) => image);
}

function withoutOutcome(image: string, exitCode: number): string {
  return `the test pod reported nothing (exit status ${exitCode}): the image ${image} may be of a version without the command pull-test; set another by --test-image`;
}
