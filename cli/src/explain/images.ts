import { fullNameOf, registryOf } from '@ecr-pull-secrets/shared/image-reference.ts';
import { type Candidate, candidatesFor, type Credential, credentialsIn } from '../pull-test/docker-config.ts';
import { type Finding, findingsOfStep } from './finding.ts';
import { ecrImagesOf } from './injection.ts';
import { namesOf } from '../cluster/objects.ts';
import { logsCommand, newestEventAbout } from './newest-event.ts';
import { webhookOf } from './opt-in.ts';
import { foundIn } from '../cluster/read.ts';
import type { ClusterState } from './cluster-state.ts';

const { ok, problem, unknown, note } = findingsOfStep('image');

/** An image of the pod, and the credential of our secret that the kubelet tries for it. */
export interface ImageToPull {
  readonly image: string;
  readonly credential: Candidate;
}

/** Which credentials the kubelet tries for each ECR image of the pod. */
export function imageFindings(cluster: ClusterState): {
  readonly findings: readonly Finding[];
  readonly toPull: readonly ImageToPull[];
} {
  const pod = foundIn(cluster.pod);
  const secret = foundIn(cluster.secret);
  const own = secret && credentialsIn(secret);
  // Without the secret, or if it is of another type, its own step says so.
  if (!pod || !own || own.length === 0) return { findings: pod ? missingSecrets(cluster) : [], toPull: [] };
  const findings: Finding[] = [...missingSecrets(cluster)];
  const toPull: ImageToPull[] = [];
  for (const image of ecrImagesOf(pod, cluster)) {
    const name = fullNameOf(image);
    const ours = candidatesFor(name, [[cluster.settings.secretName, own]])[0];
    const all = candidatesFor(name, secretsInOrder(cluster, own));
    findings.push(coverage(cluster, { image, own, ours, all }));
    if (ours) toPull.push({ image, credential: ours });
  }
  return { findings, toPull };
}

/** The pod's own order; our secret comes last, where the webhook appends it, if the pod does not name it. */
function secretsInOrder(cluster: ClusterState, own: readonly Credential[]): [string, readonly Credential[]][] {
  const { otherSecrets, pod, settings } = cluster;
  const names = namesOf(foundIn(pod)?.spec.imagePullSecrets);
  const order = names.includes(settings.secretName) ? names : [...names, settings.secretName];
  return order.map((name) => {
    if (name === settings.secretName) return [name, own];
    const other = foundIn(otherSecrets.get(name));
    return [name, (other && credentialsIn(other)) ?? []];
  });
}

function coverage(
  cluster: ClusterState,
  {
    image,
    own,
    ours,
    all,
  }: {
    readonly image: string;
    readonly own: readonly Credential[];
    readonly ours: Candidate | undefined;
    readonly all: readonly Candidate[];
  },
): Finding {
  const { settings } = cluster;
  const order = all.map(({ secretName, key }) => `${secretName} (${key})`).join(', then ');
  if (ours) {
    const isNamed = namesOf(foundIn(cluster.pod)?.spec.imagePullSecrets).includes(settings.secretName);
    return ok(`${image}: ${isNamed ? '' : 'if the pod names it, '}the kubelet tries ${order}`);
  }
  const keys = own.map(({ key }) => key).join(', ');
  const lacks = `${image}: no token in ${settings.secretName} covers the registry ${registryOf(image)} (it covers ${keys})`;
  if (all.length > 0) return note(`${lacks}; the kubelet tries ${order}`);
  const event = newestEventAbout(registryOf(image), cluster);
  if (event !== '') return problem(lacks + event, logsCommand(cluster));
  const { release } = webhookOf(cluster);
  const message = `${lacks}; add it to the chart value registries, which must list all registries that pods use, the account's own too`;
  return problem(message, `helm get values ${release.helmName} --namespace ${release.namespace} --all`);
}

function missingSecrets({ otherSecrets, subject }: ClusterState): readonly Finding[] {
  return [...otherSecrets].flatMap(([name, secret]): Finding[] => {
    if ('found' in secret) return [];
    if ('unread' in secret) return [unknown(`the secret ${name} of the pod cannot be read: ${secret.unread}`)];
    const message = `the pod names the secret ${name}, which does not exist in ${subject.namespace}; the kubelet ignores it`;
    return [note(message)];
  });
}
