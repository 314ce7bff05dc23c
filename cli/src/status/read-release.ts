import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import {
  checkpointSecretName,
  eventsPath,
  nameSelector,
  secretPath,
  WEBHOOK_CONFIGURATIONS_PATH,
} from '@ecr-pull-secrets/kube/object-names.ts';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Event, WebhookConfiguration } from '../cluster/objects.ts';
import { foundIn, type Read } from '../cluster/read.ts';
import type { Reader } from '../cluster/reader.ts';
import { readServedChain } from '../cluster/read-webhook-certificate.ts';
import { readAdmissionCounts } from './admission-counts.ts';
import type { NamespaceOverview } from './namespace-state.ts';
import { observeLease } from './observe-lease.ts';
import { readMutatingPolicies, readPolicies } from './read-fence.ts';
import { readNamespaces } from './read-namespaces.ts';
import type { ReleaseState } from './release-state.ts';
import { type Release, WEBHOOK_NAME } from './releases.ts';
import { environmentOf, ownPlaceIn, settingsOf } from './settings.ts';
import { tryInjection, whyUnreachable } from './try-injection.ts';

export interface StatusDependencies {
  readonly client: KubeClient;
  readonly reader: Reader;
  readonly clock: Clock;
  readonly environment: Environment;
  readonly signal: AbortSignal;
}

/** An Event of the renewer is rare. */
const MOST_EVENTS = 20;

/**
 * Reads what is needed of a release.
 *
 * @throws ECRPS_KUBERNETES_UNREACHABLE if there is no connection to the API server; ECRPS_CONFIGURATION_INVALID if the
 *   settings in the Deployment are invalid
 */
export async function readRelease(dependencies: StatusDependencies, release: Release): Promise<ReleaseState> {
  const { client, reader, clock, signal } = dependencies;
  const { namespace, name, helmName } = release;
  const settings = settingsFor(release, dependencies.environment);
  const webhooks = await reader.list<WebhookConfiguration>(
    'list mutatingwebhookconfigurations.admissionregistration.k8s.io',
    WEBHOOK_CONFIGURATIONS_PATH,
    // The ServiceAccount of the release may list this name alone.
    { fieldSelector: nameSelector(name) },
  );
  const webhook = foundIn(webhooks)
    ?.flatMap((configuration) => configuration.webhooks ?? [])
    .find((each) => each.name === WEBHOOK_NAME);
  const ofRelease = `app.kubernetes.io/instance=${helmName}`;
  const [namespaces, mutatingPolicies, policies, lease, checkpoint, servedChain] = await Promise.all([
    readNamespaces(reader, settings, webhook, clock.now()),
    readMutatingPolicies(reader, ofRelease),
    readPolicies(reader, ofRelease),
    observeLease(reader, release, clock, signal),
    reader.getMetadata(`get secrets in namespace ${namespace}`, secretPath(namespace, checkpointSecretName(name))),
    webhook && readServedChain(client, { webhook, release }),
  ]);
  const [attempt, reasons] = await Promise.all([
    tryInjection(client, foundIn(namespaces)?.toTry ?? [], signal),
    readReasons(reader, foundIn(namespaces)),
  ]);
  const isInjected = foundIn(attempt?.pullSecrets)?.includes(settings.secretName) === true;
  const [counts, unreachable] = await Promise.all([
    readAdmissionCounts(client, signal),
    attempt && webhook && !isInjected ? whyUnreachable(client, release) : undefined,
  ]);
  return {
    release,
    settings,
    nowMs: clock.now(),
    webhooks,
    webhook,
    mutatingPolicies,
    lease,
    checkpoint,
    namespaces,
    reasons,
    attempt,
    unreachable,
    counts,
    servedChain,
    policies,
  };
}

/** From the Deployment, else from the environment of the container of the release that this command runs in. */
function settingsFor({ workload, namespace }: Release, environment: Environment) {
  if ('found' in workload) return settingsOf(environmentOf(workload.found), workload.found.kind);
  return settingsOf(ownPlaceIn(environment)?.namespace === namespace ? environment : {});
}

/** What the renewer reported last in each of the worst namespaces. */
async function readReasons(
  reader: Reader,
  overview: NamespaceOverview | undefined,
): Promise<ReadonlyMap<string, Event>> {
  const reasons = new Map<string, Event>();
  const read = async (namespace: string): Promise<void> => {
    const query = { fieldSelector: `reportingComponent=${PRODUCT_NAME}`, limit: MOST_EVENTS };
    const events: Read<readonly Event[]> = await reader.list(
      `list events in namespace ${namespace}`,
      eventsPath(namespace),
      query,
    );
    const newest = foundIn(events)?.toSorted((one, other) => timeOf(other) - timeOf(one))[0];
    if (newest) reasons.set(namespace, newest);
  };
  await Promise.all((overview?.worst ?? []).map(({ name }) => read(name)));
  return reasons;
}

function timeOf({ lastTimestamp }: Event): number {
  return Date.parse(lastTimestamp ?? '') || 0;
}
