import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import {
  checkpointSecretName,
  nameSelector,
  secretPath,
  WEBHOOK_CONFIGURATIONS_PATH,
} from '@ecr-pull-secrets/kube/object-names.ts';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { newestWarning, readEvents } from '../cluster/events.ts';
import type { Event, WebhookConfiguration } from '../cluster/objects.ts';
import { foundIn } from '../cluster/read.ts';
import type { Reader } from '../cluster/reader.ts';
import { WEBHOOK_NAME } from '../cluster/release.ts';
import { readServedChain } from '../cluster/read-webhook-certificate.ts';
import { readAdmissionCounts } from './admission-counts.ts';
import type { NamespaceOverview } from './namespace-state.ts';
import { type ObservedLease, observeLease } from './observe-lease.ts';
import { readMutatingPolicies, readPolicies } from './read-fence.ts';
import { readRegistries } from './read-registries.ts';
import { readNamespaces } from './read-namespaces.ts';
import type { Release } from './releases.ts';
import { environmentOf, ownPlaceIn, settingsOf } from './settings.ts';
import { tryInjection, whyUnreachable } from './try-injection.ts';

export interface StatusDependencies {
  readonly client: KubeClient;
  readonly reader: Reader;
  readonly clock: Clock;
  readonly environment: Environment;
  readonly signal: AbortSignal;
}

const NO_LEASE: ObservedLease = { lease: { missing: true }, isRenewed: undefined };

/**
 * Reads what is needed of a release.
 *
 * @throws ECRPS_KUBERNETES_UNREACHABLE if there is no connection to the API server
 */
export async function readRelease(dependencies: StatusDependencies, release: Release) {
  const { client, reader, clock, signal } = dependencies;
  const { namespace, name, helmName } = release;
  const { settings, invalid } = settingsFor(release, dependencies.environment);
  const webhooks = await reader.list<WebhookConfiguration>(
    'list mutatingwebhookconfigurations.admissionregistration.k8s.io',
    WEBHOOK_CONFIGURATIONS_PATH,
    // The ServiceAccount of the release may list this name alone.
    { fieldSelector: nameSelector(name) },
  );
  const webhook = foundIn(webhooks)
    ?.flatMap((configuration) => configuration.webhooks ?? [])
    .find((each) => each.name === WEBHOOK_NAME);
  // A former Deployment may have left one.
  const isCronJob = foundIn(release.workload)?.kind === 'CronJob';
  const ofRelease = `app.kubernetes.io/instance=${helmName}`;
  const [namespaces, mutatingPolicies, policies, lease, checkpoint, servedChain, registries, events] =
    await Promise.all([
      readNamespaces(reader, settings, webhook, clock.now()),
      readMutatingPolicies(reader, ofRelease),
      readPolicies(reader, ofRelease),
      isCronJob ? NO_LEASE : observeLease(reader, release, clock, signal),
      reader.getMetadata(`get secrets in namespace ${namespace}`, secretPath(namespace, checkpointSecretName(name))),
      webhook && readServedChain(client, { webhook, release }),
      readRegistries(reader, release, settings),
      readEvents(reader, namespace, { kind: 'Deployment', name }),
    ]);
  const [attempt, reasons] = await Promise.all([
    tryInjection(client, foundIn(namespaces)?.toTry ?? [], signal),
    readReasons(reader, foundIn(namespaces)),
  ]);
  const isInjected = foundIn(attempt?.pullSecrets)?.includes(settings.secretName) === true;
  const [counts, unreachable] = await Promise.all([
    readAdmissionCounts(client, clock, signal),
    attempt && webhook && !isInjected ? whyUnreachable(client, release) : undefined,
  ]);
  return {
    release,
    settings,
    /** Why the settings in the Deployment cannot be used; `settings` has the defaults then. */
    invalid,
    nowMs: clock.now(),
    webhooks,
    /** The webhook of the release, if there is one. */
    webhook,
    mutatingPolicies,
    lease,
    /** Its metadata. */
    checkpoint,
    /** Those that are configured. */
    registries,
    /** The Events of the renewer about the Deployment. */
    events,
    namespaces,
    /** The newest Event of the renewer in each of the worst namespaces. */
    reasons,
    /** `undefined` if there is no namespace to try it in. */
    attempt,
    /** Why the API server does not reach the webhook, if that was requested. */
    unreachable,
    counts,
    /** What the webhook serves, as PEM; `undefined` if it cannot be reached from here. */
    servedChain,
    /** The ValidatingAdmissionPolicies. */
    policies,
  };
}

/** From the Deployment, else from the environment of the container of the release that this command runs in. */
function settingsFor({ workload, namespace }: Release, environment: Environment) {
  const own = ownPlaceIn(environment)?.namespace === namespace ? environment : {};
  const [variables, kind] =
    'found' in workload ? [environmentOf(workload.found), workload.found.kind] : [own, 'Deployment' as const];
  try {
    return { settings: settingsOf(variables, kind), invalid: undefined };
  } catch (error) {
    return { settings: settingsOf({}, kind), invalid: describeError(error) };
  }
}

/** What the renewer reported last in each of the worst namespaces. */
async function readReasons(
  reader: Reader,
  overview: NamespaceOverview | undefined,
): Promise<ReadonlyMap<string, Event>> {
  const reasons = new Map<string, Event>();
  const read = async (namespace: string): Promise<void> => {
    const newest = newestWarning(await readEvents(reader, namespace, { kind: 'Secret' }));
    if (newest) reasons.set(namespace, newest);
  };
  await Promise.all((overview?.worst ?? []).map(({ name }) => read(name)));
  return reasons;
}
