import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { deploymentPath, NAMESPACES_PATH, podsPath, secretPath } from '@ecr-pull-secrets/kube/object-names.ts';
import { dryRun, podLike } from '../cluster/dry-run.ts';
import { readEvents } from '../cluster/events.ts';
import {
  type AdmissionPolicyBinding,
  type Deployment,
  type Namespace,
  namesOf,
  type Pod,
  type Secret,
  type ServiceAccount,
} from '../cluster/objects.ts';
import { foundIn, type Read, read } from '../cluster/read.ts';
import { createReader, type Reader } from '../cluster/reader.ts';
import { readFirstPods } from '../cluster/first-pods.ts';
import { readInjectors } from './read-injectors.ts';
import type { WebhookCertificate } from '../cluster/webhook-certificate.ts';
import { chooseWebhook, injectionSettingsOf, type InjectionSettings } from '../cluster/release.ts';

/** What is explained. */
export interface Subject {
  readonly namespace: string;
  readonly pod?: string | undefined;
  /** The name of the pull secret, unless the release says it. */
  readonly secretName?: string | undefined;
}

/** What is read besides if a pod is not injected. */
export interface Failure {
  /** Of the webhook. */
  readonly certificate: Read<WebhookCertificate> | undefined;
  /** Of the policy. */
  readonly bindings: Read<readonly AdmissionPolicyBinding[]> | undefined;
}

/** Everything that was read of the cluster. */
export type ClusterState = Readonly<Awaited<ReturnType<typeof readClusterState>>> & {
  /** See `readFailure`. */
  readonly failure?: Failure | undefined;
};

/** Of a namespace, the pods that are examined. */
export const MOST_PODS = 200;
const MOST_SECRETS = 10;

/**
 * Reads what is needed, in three steps of requests side by side. What cannot be read is part of the result.
 *
 * @throws ECRPS_KUBERNETES_UNREACHABLE if there is no connection to the API server
 */
export async function readClusterState(client: KubeClient, subject: Subject) {
  const reader = createReader(client);
  const start = await readStart(client, reader, subject);
  const labels = foundIn(start.namespace)?.metadata.labels ?? {};
  const { release } = chooseWebhook(foundIn(start.webhooks) ?? [], labels, foundIn(start.policies));
  const [deployment, releaseEvents] = await Promise.all([
    reader.get<Deployment>(
      `get deployments.apps in namespace ${release.namespace}`,
      deploymentPath(release.namespace, release.name),
    ),
    readEvents(reader, release.namespace, { kind: 'Deployment', name: release.name }),
  ]);
  const settings = injectionSettingsOf(foundIn(deployment), subject.secretName);
  const rest = await readRest(client, reader, { subject, start, settings });
  return { subject, ...start, deployment, releaseEvents, settings, ...rest };
}

async function readStart(client: KubeClient, reader: Reader, { namespace, pod: podName }: Subject) {
  const { get } = reader;
  const where = `in namespace ${namespace}`;
  const podRights = podName === undefined ? 'list' : 'get';
  const [namespaceRead, pod, pods, injectors, events] = await Promise.all([
    get<Namespace>(`get the namespace ${namespace}`, `${NAMESPACES_PATH}/${namespace}`),
    podName === undefined ? undefined : get<Pod>(`${podRights} pods ${where}`, `${podsPath(namespace)}/${podName}`),
    podName === undefined
      ? read(`${podRights} pods ${where}`, () => readFirstPods(client, namespace, MOST_PODS))
      : undefined,
    readInjectors(reader),
    readEvents(reader, namespace, { kind: 'Secret' }),
  ]);
  return {
    namespace: namespaceRead,
    pod,
    /** Without a pod in the subject: the pods of the namespace, 200 at most. */
    pods,
    ...injectors,
    /** Those of the renewer about the pull secret. */
    events,
  };
}

interface Known {
  readonly subject: Subject;
  readonly start: Awaited<ReturnType<typeof readStart>>;
  readonly settings: InjectionSettings;
}

async function readRest(client: KubeClient, { get }: Reader, { subject, start, settings }: Known) {
  const { namespace } = subject;
  const where = `in namespace ${namespace}`;
  const pod = foundIn(start.pod);
  const others = namesOf(pod?.spec.imagePullSecrets).filter((name) => name !== settings.secretName);
  const readSecret = (name: string): Promise<Read<Secret>> =>
    get<Secret>(`get secrets ${where}`, secretPath(namespace, name));
  const account = pod?.spec.serviceAccountName ?? 'default';
  const [secret, otherSecrets, serviceAccount, tried] = await Promise.all([
    readSecret(settings.secretName),
    Promise.all(others.slice(0, MOST_SECRETS).map(async (name) => [name, await readSecret(name)] as const)),
    pod && get<ServiceAccount>(`get serviceaccounts ${where}`, serviceAccountPath(namespace, account)),
    dryRun(client, namespace, podLike(pod)),
  ]);
  return {
    secret,
    /** The other pull secrets of the pod, by name. */
    otherSecrets: new Map(otherSecrets),
    serviceAccount,
    /** The pull secrets of a pod like this one if it were created now. */
    dryRun: tried,
  };
}

function serviceAccountPath(namespace: string, name: string): string {
  return `${NAMESPACES_PATH}/${namespace}/serviceaccounts/${name}`;
}
