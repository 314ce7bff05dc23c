import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { WRITE_SLOTS } from '../../pull-secrets/queue/pacing.ts';
import type { TokenSource } from '../../credentials/aws/aws-token-source.ts';
import type { RenewOnceConfiguration } from './configuration.ts';
import { fetchDocument, type FetchedDocument } from './fetch-document.ts';
import { listNamespaces } from './list-namespaces.ts';
import { mapInOrder } from './map-in-order.ts';
import { type Outcome, renewNamespace } from './renew-namespace.ts';
import { createRetries } from './retries.ts';
import { createTally } from './tally.ts';
import { findTargets, type Target } from './targets.ts';

/**
 * Namespaces that have begun when the run is told to stop have this long: a pod has 30 s as a rule, and a write that an
 * admission webhook holds up may take longer.
 */
const STOP_PATIENCE_MS = 10_000;

export interface RenewOnceParts {
  readonly configuration: RenewOnceConfiguration;
  readonly client: KubeClient;
  readonly tokenSource: TokenSource;
  readonly clock: Clock;
  readonly random: () => number;
  /** Writes text to standard output; lines come whole but for the one that waits for AWS. */
  readonly print: (text: string) => void;
  readonly stop: AbortSignal;
}

/**
 * The job of nabsul/k8s-ecr-login-renew: one new token into every target namespace. Its lines are what
 * people search logs for (its README and tests), so they stay word for word.
 *
 * @throws ECRPS_TOKEN_REQUEST_FAILED, ECRPS_TOKEN_INVALID, ECRPS_KUBERNETES_REQUEST_FAILED,
 *   ECRPS_KUBERNETES_UNREACHABLE: nothing was written;
 *   ECRPS_RUN_INCOMPLETE: not all namespaces were
 */
export async function renewOnce(parts: RenewOnceParts): Promise<void> {
  const { configuration, client, print } = parts;
  for (const warning of configuration.registryWarnings) print(`WARNING: ${warning}\n`);
  const { document, registries } = await fetchAnnounced(parts);
  print(`Docker Registries: ${registries.join(',')}\n`);
  const retries = createRetries(parts);
  const targets = await findTargets(configuration, () => listNamespaces(client, retries));
  const { secretName } = configuration;
  print(`Updating kubernetes secret [${secretName}] in ${targets.length} namespaces\n`);
  if (targets.length === 0) print(noTargetsWarning(configuration));

  const tally = createTally();
  const stop = AbortSignal.any([parts.stop, tally.hopeless]);
  const over = new AbortController();
  const late = lateAfter(parts, over.signal);
  const options = { ...parts, ...configuration, document, retries, stop, late };
  const renew = async (target: Target, signal: AbortSignal) => {
    const end = tally.begin();
    const outcome = await renewNamespace(target, { ...options, signal });
    end(outcome);
    return { target, outcome };
  };
  const outcomes = mapInOrder(targets, renew, { ...parts, ...WRITE_SLOTS });
  for await (const { target, outcome } of outcomes) {
    print(lineFor(target.namespace, outcome));
    tally.add(target.namespace, outcome);
  }
  over.abort();
  const slowness = tally.slowness();
  if (slowness) print(`WARNING: ${slowness}\n`);
  tally.check();
  print('Job complete.\n');
}

/** Aborts a while after the run was told to stop; nothing waits once the run is over. */
function lateAfter(
  { stop, clock }: Pick<RenewOnceParts, 'stop' | 'clock'>,
  over: AbortSignal,
): AbortSignal {
  const late = new AbortController();
  const wait = async (): Promise<void> => {
    await clock.sleep(STOP_PATIENCE_MS, over);
    late.abort();
  };
  stop.addEventListener('abort', () => void wait(), { once: true, signal: over });
  return late.signal;
}

async function fetchAnnounced(parts: RenewOnceParts): Promise<FetchedDocument> {
  const { configuration, tokenSource, print } = parts;
  print('Fetching auth data from AWS... ');
  try {
    const fetched = await fetchDocument(configuration, tokenSource, parts);
    print('Success.\n');
    return fetched;
  } catch (error) {
    print('failed.\n');
    throw error;
  }
}

/** Namespaces without a turn have no line: there may be thousands, and the error counts them. */
function lineFor(namespace: string, outcome: Outcome): string {
  if (outcome.kind === 'no-turn') return '';
  const end = outcome.kind === 'success' ? 'success' : `${outcome.kind}: ${outcome.reason}`;
  return `Updating secret in namespace [${namespace}]... ${end}\n`;
}

function noTargetsWarning({ target, exclude }: RenewOnceConfiguration): string {
  const [included, excluded] = [target, exclude].map(({ entries }) => entries.join(','));
  return `WARNING: nothing to do: no namespace is matched by TARGET_NAMESPACE="${included}" and not by EXCLUDE_NAMESPACE="${excluded}"\n`;
}
