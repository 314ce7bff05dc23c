import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { WRITE_SLOTS } from '../../pull-secrets/queue/pacing.ts';
import type { TokenSource } from '../../credentials/aws/aws-token-source.ts';
import { createDockerConfig, type DockerConfig } from '../../credentials/docker-config.ts';
import type { RegistryToken } from '../../credentials/registry-token.ts';
import { planTokens } from '../../credentials/token-plan.ts';
import type { RenewOnceConfiguration } from './configuration.ts';
import { mapInOrder } from './map-in-order.ts';
import { type Outcome, renewNamespace } from './renew-namespace.ts';
import { createRetries } from './retries.ts';
import { createTally } from './tally.ts';
import { findTargets, listNamespaces, type Target } from './targets.ts';

/**
 * Namespaces that have started when the run is stopped have this long: a pod has 30 s as a rule, and a write that an
 * admission webhook delays may take longer.
 */
const STOP_TIMEOUT_MS = 10_000;

export interface RenewOnceDependencies {
  readonly client: KubeClient;
  readonly tokenSource: TokenSource;
  readonly clock: Clock;
  readonly random: () => number;
  /** Writes text to standard output; lines come whole but for the one that waits for AWS. */
  readonly print: (text: string) => void;
}

/**
 * The job of nabsul/k8s-ecr-login-renew: one new token into every target namespace. Its lines are what
 * people search logs for (its README and tests), so they stay word for word.
 *
 * @throws ECRPS_TOKEN_REQUEST_FAILED, ECRPS_TOKEN_INVALID, ECRPS_KUBERNETES_REQUEST_FAILED,
 *   ECRPS_KUBERNETES_UNREACHABLE: nothing was written;
 *   ECRPS_RUN_INCOMPLETE: not all namespaces were
 */
export async function renewOnce(
  dependencies: RenewOnceDependencies,
  configuration: RenewOnceConfiguration,
  stop: AbortSignal,
): Promise<void> {
  const { client, clock, random, print } = dependencies;
  const { pullSecretName, foreignSecretPolicy } = configuration;
  for (const warning of configuration.registryWarnings) print(`WARNING: ${warning}\n`);
  print('Fetching auth data from AWS... ');
  const fetching = fetchDockerConfig(dependencies, configuration, stop);
  await fetching.then(
    () => print('Success.\n'),
    () => print('failed.\n'),
  );
  const { dockerConfig, keys } = await fetching;
  print(`Docker Registries: ${keys.join(',')}\n`);
  const retries = createRetries(dependencies, stop);
  const targets = await findTargets(configuration, () => listNamespaces(client, retries));
  print(`Updating kubernetes secret [${pullSecretName}] in ${targets.length} namespaces\n`);
  if (targets.length === 0) print(noTargetsWarning(configuration));

  const tally = createTally();
  const stopOrUnavailable = AbortSignal.any([stop, tally.unavailable]);
  const over = new AbortController();
  const deadline = deadlineAfter(stop, clock, over.signal);
  const settings = { pullSecretName, foreignSecretPolicy, dockerConfig };
  const renew = async (target: Target, signal: AbortSignal) => {
    const end = tally.begin();
    const outcome = await renewNamespace({ client, clock, retries }, settings, target, {
      stop: stopOrUnavailable,
      deadline,
      signal,
    });
    end(outcome);
    return { target, outcome };
  };
  const outcomes = mapInOrder({ clock, random }, WRITE_SLOTS, targets, renew);
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

/** Aborts a while after the run was stopped; nothing waits once the run is over. */
function deadlineAfter(stop: AbortSignal, clock: Clock, over: AbortSignal): AbortSignal {
  const deadline = new AbortController();
  const wait = async (): Promise<void> => {
    await clock.sleep(STOP_TIMEOUT_MS, over);
    deadline.abort();
  };
  stop.addEventListener('abort', () => void wait(), { once: true, signal: over });
  return deadline.signal;
}

/** Requests every token that the registries need. All or nothing: a run that lacks one changes nothing in the cluster. */
async function fetchDockerConfig(
  { tokenSource, clock }: RenewOnceDependencies,
  { registries, awsRegion: region }: RenewOnceConfiguration,
  stop: AbortSignal,
): Promise<{ readonly dockerConfig: DockerConfig; readonly keys: readonly string[] }> {
  const plan = planTokens({ registries, region });
  const tokens = new Map<string, RegistryToken>();
  await Promise.all(
    plan.requests.map(async (request) => {
      tokens.set(request.id, await tokenSource(request, stop));
    }),
  );
  const dockerConfig = createDockerConfig(plan, tokens, clock.now());
  if (!dockerConfig?.isComplete) {
    throw createError('ECRPS_TOKEN_INVALID', 'AWS gave a token that has expired already');
  }
  const keys = plan.entries.map(({ key, tokenId }) => key ?? tokens.get(tokenId)?.registry ?? '');
  return { dockerConfig, keys };
}

/** Namespaces that were not started have no line: there may be thousands, and the error counts them. */
function lineFor(namespace: string, outcome: Outcome): string {
  if (outcome.kind === 'not-started') return '';
  const end = outcome.kind === 'success' ? 'success' : `${outcome.kind}: ${outcome.reason}`;
  return `Updating secret in namespace [${namespace}]... ${end}\n`;
}

function noTargetsWarning({ target, exclude }: RenewOnceConfiguration): string {
  const [included, excluded] = [target, exclude].map(({ entries }) => entries.join(','));
  return `WARNING: nothing to do: no namespace is matched by TARGET_NAMESPACE="${included}" and not by EXCLUDE_NAMESPACE="${excluded}"\n`;
}
