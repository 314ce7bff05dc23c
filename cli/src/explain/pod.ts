import { optedInAt } from '@ecr-pull-secrets/renewer/pull-secrets/cache/opted-in-at.ts';
import { PROGRAM } from '@ecr-pull-secrets/shared/command-line/program.ts';
import { EXPIRES_AT_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import { type Finding, findingsOfStep } from './finding.ts';
import { ecrImagesOf, podExclusion } from './injection.ts';
import { namesOf, type Pod } from '../cluster/objects.ts';
import { hasOptedIn, isOptInUnknown, OPT_IN_UNKNOWN, optInRequirements, webhookOf } from './opt-in.ts';
import { foundIn } from '../cluster/read.ts';
import { replaceCommand } from '@ecr-pull-secrets/renewer/missed-pods/replace-command.ts';
import { isPositive } from '@ecr-pull-secrets/shared/label-requirement.ts';
import { type ClusterState, MOST_PODS } from './cluster-state.ts';

const { ok, problem, unknown, note } = findingsOfStep('pod');

/** Whether the pod, or the pods of the namespace, name the secret, and why not. */
export function podFindings(cluster: ClusterState): readonly Finding[] {
  const { pod, subject } = cluster;
  if (pod === undefined) return [...podsFindings(cluster), ...limitFindings(cluster)];
  if ('missing' in pod) {
    const message = `the pod ${subject.pod} does not exist in the namespace ${subject.namespace}`;
    return [problem(message, `kubectl get pods --namespace ${subject.namespace}`)];
  }
  if ('unread' in pod) return [unknown(`it cannot be read: ${pod.unread}`)];
  return [namingFinding(cluster, pod.found), ...accountFindings(cluster, pod.found)];
}

function namingFinding(cluster: ClusterState, pod: Pod): Finding {
  const { settings, subject } = cluster;
  const names = namesOf(pod.spec.imagePullSecrets);
  if (names.includes(settings.secretName)) return ok(`the pod names ${settings.secretName}`);
  if (ecrImagesOf(pod, cluster).length === 0) return note('the pod has no ECR image, so it is not injected');
  const lacks = `the pod does not name ${settings.secretName}`;
  const exclusion = podExclusion(pod, cluster);
  if (exclusion !== undefined) return problem(`${lacks}: ${exclusion}`);
  if (isOptInUnknown(cluster)) return unknown(`${lacks}; whether its namespace has opted in ${OPT_IN_UNKNOWN}`);
  const command = replaceCommand(pod, subject.namespace);
  if (!hasOptedIn(cluster)) {
    return problem(`${lacks}, because its namespace has not opted in; replace it afterwards`, command);
  }
  return problem(`${lacks}: ${ageReason(cluster, pod)}`, command);
}

/** A pod of before the label, or of a time at which the webhook did not respond. */
function ageReason(cluster: ClusterState, { metadata }: Pod): string {
  const created = metadata.creationTimestamp ?? '';
  const labelled = labelledAt(cluster);
  if (labelled !== undefined && Date.parse(created) < Date.parse(labelled)) {
    return `it was created at ${created}, probably before the namespace got its label (${labelled}, an estimate), and pods are only changed when they are created`;
  }
  const { isPolicy, webhook } = webhookOf(cluster);
  if (isPolicy) return `the policy was probably installed, or corrected, after the pod was created at ${created}`;
  return `the webhook was probably not reachable when the pod was created at ${created} (failurePolicy ${webhook?.failurePolicy ?? 'Ignore'}), or was installed later`;
}

/** When the namespace got its label, as an estimate (`optedInAt`), else when a secret of the renewer was created. */
function labelledAt(cluster: ClusterState): string | undefined {
  const metadata = foundIn(cluster.namespace)?.metadata;
  // Only what somebody sets to opt in: the name of the namespace is a label too, as old as the namespace.
  const keys = optInRequirements(cluster)
    .filter(isPositive)
    .map(({ key }) => key);
  const optedInAtMs = optedInAt(metadata?.managedFields, keys);
  if (optedInAtMs !== undefined) return instantText(optedInAtMs);
  const secret = foundIn(cluster.secret)?.metadata;
  return secret?.annotations?.[EXPIRES_AT_ANNOTATION] === undefined ? undefined : secret.creationTimestamp;
}

/** As Kubernetes writes an instant: without milliseconds. */
function instantText(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

function accountFindings({ serviceAccount, settings }: ClusterState, { spec }: Pod): readonly Finding[] {
  if (serviceAccount && 'unread' in serviceAccount) {
    return [note(`its ServiceAccount cannot be read: ${serviceAccount.unread}`)];
  }
  const names = namesOf(foundIn(serviceAccount)?.imagePullSecrets).filter((name) => name !== settings.secretName);
  if (names.length === 0) return [];
  const account = spec.serviceAccountName ?? 'default';
  return [note(`its ServiceAccount ${account} names ${names.join(', ')}, for pods without pull secrets of their own`)];
}

/** The API server may have more pods than were read. */
function limitFindings({ pods }: ClusterState): readonly Finding[] {
  if (foundIn(pods)?.length !== MOST_PODS) return [];
  return [note(`only the first ${MOST_PODS} pods of the namespace were examined`)];
}

function podsFindings(cluster: ClusterState): readonly Finding[] {
  const { pods, settings, subject } = cluster;
  if (pods === undefined || 'missing' in pods) return [];
  if ('unread' in pods) return [unknown(`they cannot be read: ${pods.unread}`)];
  const withImage = pods.found.filter((pod) => ecrImagesOf(pod, cluster).length > 0);
  const needing = withImage.filter((pod) => podExclusion(pod, cluster) === undefined);
  const excluded = withImage.length - needing.length;
  const lacking = needing.filter(({ spec }) => !namesOf(spec.imagePullSecrets).includes(settings.secretName));
  if (needing.length === 0) {
    const message =
      excluded === 0
        ? 'no pod of the namespace has an ECR image'
        : `each pod of the namespace with an ECR image is excluded from the injection (${excluded} of them)`;
    return [note(message)];
  }
  const [first] = lacking.map(({ metadata }) => metadata.name);
  if (first === undefined) {
    const others = excluded === 0 ? '' : `; ${excluded} more with an ECR image are excluded from the injection`;
    return [ok(`${needing.length} of ${needing.length} pods with ECR images name ${settings.secretName}${others}`)];
  }
  const shown = lacking.slice(0, 5).map(({ metadata }) => metadata.name);
  const message = `${lacking.length} of ${needing.length} pods with ECR images do not name ${settings.secretName}: ${shown.join(', ')}${lacking.length > shown.length ? ', …' : ''}`;
  return [problem(message, `${PROGRAM} explain ${subject.namespace}/${first}`)];
}
