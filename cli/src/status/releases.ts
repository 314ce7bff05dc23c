import { deploymentPath, WEBHOOK_CONFIGURATIONS_PATH } from '@ecr-pull-secrets/kube/object-names.ts';
import { scalarsOf } from '@ecr-pull-secrets/shared/json/select-json.ts';
import { PROGRAM } from '@ecr-pull-secrets/shared/command-line/program.ts';
import { didYouMean } from '@ecr-pull-secrets/shared/command-line/usage.ts';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { WebhookConfiguration } from '../cluster/objects.ts';
import { foundIn, type Read } from '../cluster/read.ts';
import type { Reader } from '../cluster/reader.ts';
import { type Release as NamedRelease, WEBHOOK_NAME } from '../cluster/release.ts';
import type { Finding } from '../report/finding.ts';
import type { StatusOptions } from './options.ts';
import { ownPlaceIn } from './settings.ts';
import {
  type CronJobObject,
  type DeploymentObject,
  type Workload,
  workloadOfCronJob,
  workloadOfDeployment,
} from './workload.ts';

/** The chart and its version. */
export const CHART_LABEL = 'helm.sh/chart';

/** A release in the cluster. */
export interface Release extends NamedRelease {
  readonly workload: Read<Workload>;
}

/** The releases that were found, or why there is none. */
export type FoundReleases = { readonly releases: readonly Release[] } | { readonly none: Finding };

const INSTALL = `helm install ${PRODUCT_NAME} ./chart --namespace ${PRODUCT_NAME} --create-namespace`;

type Place = Pick<Release, 'namespace' | 'name'>;

/**
 * Finds the releases by the label of their Deployments and CronJobs, and by the Services in webhook configurations, as
 * the chart value `nameOverride` changes the label. If nothing may be listed, the usual place is tried.
 */
export async function findReleases(
  reader: Reader,
  options: Pick<StatusOptions, 'namespace' | 'release'>,
  environment: Environment,
): Promise<FoundReleases> {
  const [deployments, cronJobs, webhooks] = await Promise.all([
    reader.list<DeploymentObject>('list deployments.apps', workloadsPath('apps/v1', 'deployments', options), LABELLED),
    reader.list<CronJobObject>('list cronjobs.batch', workloadsPath('batch/v1', 'cronjobs', options), LABELLED),
    reader.list<WebhookConfiguration>('list mutatingwebhookconfigurations', WEBHOOK_CONFIGURATIONS_PATH),
  ]);
  const listed = [
    ...(foundIn(deployments) ?? []).map(workloadOfDeployment),
    ...(foundIn(cronJobs) ?? []).map(workloadOfCronJob),
  ].map(releaseOf);
  const isUnlisted = (place: Place): boolean => !listed.some((release) => isSamePlace(release, place));
  const places = placesIn(foundIn(webhooks) ?? [], options).filter(isUnlisted);
  const others = await Promise.all(places.map((place) => readRelease(reader, place)));
  const releases = [...listed, ...others];
  if (releases.length === 0 && 'found' in deployments) releases.push(...(await findRenamed(reader, options)));
  if (releases.length === 0 && !('found' in deployments)) {
    const guess = await readRelease(reader, ownPlaceIn(environment) ?? defaultPlace(options));
    if (!('missing' in guess.workload)) releases.push(guess);
  }
  return chooseFrom(releases, options, deployments);
}

/**
 * With `nameOverride`, and without a webhook, only the label with the chart shows what a Deployment is. Metadata of all
 * Deployments are listed, so it is the last resort.
 */
async function findRenamed(reader: Reader, options: Pick<StatusOptions, 'namespace'>): Promise<readonly Release[]> {
  const places = await reader.listMetadata<readonly Place[]>('list deployments.apps', {
    path: workloadsPath('apps/v1', 'deployments', options),
    metadataFields: { labels: scalarsOf([CHART_LABEL]) },
    reduce: ({ metadata: { name, namespace = '', labels = {} } }) =>
      labels[CHART_LABEL]?.startsWith(`${PRODUCT_NAME}-`) ? [{ name, namespace }] : [],
  });
  return await Promise.all((foundIn(places) ?? []).flat().map((place) => readRelease(reader, place)));
}

const LABELLED = { labelSelector: `app.kubernetes.io/name=${PRODUCT_NAME}`, limit: 100 };

function workloadsPath(api: string, resource: string, { namespace }: Pick<StatusOptions, 'namespace'>): string {
  return namespace === undefined ? `/apis/${api}/${resource}` : `/apis/${api}/namespaces/${namespace}/${resource}`;
}

function releaseOf(workload: Workload): Release {
  const { name, namespace = PRODUCT_NAME, labels = {} } = workload.metadata;
  return { namespace, name, helmName: labels['app.kubernetes.io/instance'] ?? name, workload: { found: workload } };
}

function isSamePlace(one: Place, other: Place): boolean {
  return one.name === other.name && one.namespace === other.namespace;
}

/** The Deployment of one may be gone. */
function placesIn(configurations: readonly WebhookConfiguration[], options: Pick<StatusOptions, 'namespace'>) {
  const places = configurations
    .flatMap(({ webhooks = [] }) => webhooks.filter(({ name }) => name === WEBHOOK_NAME))
    .map(({ clientConfig }) => clientConfig?.service ?? {})
    .map(({ name = PRODUCT_NAME, namespace = PRODUCT_NAME }) => ({ name, namespace }))
    .filter(({ namespace }) => options.namespace === undefined || namespace === options.namespace);
  return [...new Map(places.map((place) => [`${place.namespace}/${place.name}`, place])).values()];
}

function defaultPlace({
  namespace = PRODUCT_NAME,
  release = PRODUCT_NAME,
}: Pick<StatusOptions, 'namespace' | 'release'>) {
  return { namespace, name: release };
}

async function readRelease(reader: Reader, { namespace, name }: Place): Promise<Release> {
  const rights = `get deployments.apps in namespace ${namespace}`;
  const path = deploymentPath(namespace, name);
  const deployment = await reader.get<DeploymentObject>(rights, path);
  const workload = 'found' in deployment ? { found: workloadOfDeployment(deployment.found) } : deployment;
  return { ...('found' in workload ? releaseOf(workload.found) : { namespace, name, helmName: name }), workload };
}

function chooseFrom(
  releases: readonly Release[],
  { namespace, release }: Pick<StatusOptions, 'namespace' | 'release'>,
  deployments: Read<unknown>,
): FoundReleases {
  const chosen = releases.filter(({ name, helmName }) => release === undefined || [name, helmName].includes(release));
  if (chosen.length > 0) return { releases: chosen };
  const where = namespace === undefined ? 'in the cluster' : `in the namespace ${namespace}`;
  if (releases.length > 0 && release !== undefined) {
    const message = `there is no release ${release} ${where}${didYouMean(
      release,
      releases.map(({ helmName }) => helmName),
    )}`;
    return { none: { state: 'problem', message, command: `${PROGRAM} status` } };
  }
  if ('unread' in deployments) {
    return { none: { state: 'unknown', message: `no release was found ${where}: ${deployments.unread}` } };
  }
  const command = namespace === undefined ? INSTALL : `${PROGRAM} status`;
  return { none: { state: 'problem', message: `there is no release of ${PRODUCT_NAME} ${where}`, command } };
}
