import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { startStopwatch } from '@ecr-pull-secrets/shared/runtime/stopwatch.ts';
import { createError, describeError, isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import { isApiError, isNamespaceTerminating } from '@ecr-pull-secrets/kube/api-error.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import type { SecretTarget } from '@ecr-pull-secrets/kube/secrets.ts';
import { applyPullSecret } from '../../pull-secrets/apply/apply-pull-secret.ts';
import type { ForeignSecretPolicy } from '../../pull-secrets/foreign/ownership.ts';
import { planWrite } from '../../pull-secrets/plan/plan-write.ts';
import { readPullSecret } from '../../pull-secrets/apply/read-pull-secret.ts';
import { readForeignKeys } from '../../pull-secrets/foreign/read-foreign-keys.ts';
import { writeFailureCauseOf } from '../../pull-secrets/apply/failure-cause.ts';
import { foreignMessage, denialMessage } from '../../pull-secrets/events/event-messages.ts';
import type { DockerConfig } from '../../credentials/docker-config.ts';
import type { Retries } from './retries.ts';
import { NAMESPACE_IS_TERMINATING, NO_SUCH_NAMESPACE, type Target } from './targets.ts';

const STOPPED = 'the run was stopped before the API server answered';

/** What became of one namespace; reasons are one line and hold no credentials. */
export type Outcome =
  | { readonly kind: 'success'; readonly tookMs: number }
  /** No secret can be there, which is no failure. */
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly isUnreachable: boolean }
  /** The run ended before. */
  | { readonly kind: 'not-started' };

interface Dependencies {
  readonly client: KubeClient;
  readonly retries: Retries;
  readonly clock: Clock;
}

interface Settings {
  readonly pullSecretName: string;
  readonly foreignSecretPolicy: ForeignSecretPolicy;
  readonly dockerConfig: DockerConfig;
}

interface Signals {
  /** No namespace starts after it aborts. */
  readonly stop: AbortSignal;
  /** Namespaces that have started end when it aborts. */
  readonly deadline: AbortSignal;
  /** Ends the work, because others need its slot. */
  readonly signal: AbortSignal;
}

/**
 * Writes the docker config into one namespace: a read of the secret's metadata and one server-side apply. A failure
 * affects no other namespace.
 *
 * @throws what ended the work, if `signal` did
 */
export async function renewNamespace(
  { client, retries, clock }: Dependencies,
  settings: Settings,
  { namespace, obstacle }: Target,
  { stop, deadline, signal }: Signals,
): Promise<Outcome> {
  if (stop.aborted) return { kind: 'not-started' };
  if (obstacle !== undefined) return { kind: 'skipped', reason: obstacle };
  const { pullSecretName: name } = settings;
  const either = AbortSignal.any([signal, deadline]);
  const target = { client, namespace, name, signal: either };
  try {
    const options = { signal: either, isWrite: true };
    const tookMs = await retries(() => write(target, settings, clock), options);
    return { kind: 'success', tookMs };
  } catch (error) {
    if (deadline.aborted) return { kind: 'failed', reason: STOPPED, isUnreachable: false };
    if (signal.aborted) throw error;
    return outcomeOf(error, name);
  }
}

/** Returns how long the apply took. */
async function write(
  target: SecretTarget,
  { dockerConfig, foreignSecretPolicy }: Settings,
  clock: Clock,
): Promise<number> {
  const secret = await readPullSecret(target);
  const plan = planWrite(secret, dockerConfig, clock.now());
  // Without a plan a newer token is there already, from a run or a renewer that was quicker.
  if (!plan) return 0;
  if (secret && !secret.isOursByMetadata && foreignSecretPolicy === 'leave')
    await checkForeignKeys(target, dockerConfig);
  const stopwatch = startStopwatch(clock);
  await applyPullSecret(target, dockerConfig, plan).finally(stopwatch);
  return stopwatch();
}

/**
 * The apply is bound to the version that was read before, so that a change in between is a conflict, even that
 * the secret is gone.
 */
async function checkForeignKeys(target: SecretTarget, dockerConfig: DockerConfig): Promise<void> {
  const finding = await readForeignKeys(target, dockerConfig, 'get');
  if (!finding || finding.foreignKeys.length === 0) return;
  const { name, namespace } = target;
  const message = foreignMessage(name, namespace, finding.foreignKeys);
  throw createError('ECRPS_PULL_SECRET_FOREIGN', message);
}

function outcomeOf(error: unknown, pullSecretName: string): Outcome {
  // An apply creates a secret that is absent, so it is the namespace that was not found.
  if (isApiError(error, 404)) return { kind: 'skipped', reason: NO_SUCH_NAMESPACE };
  if (isNamespaceTerminating(error)) return { kind: 'skipped', reason: NAMESPACE_IS_TERMINATING };
  const isUnreachable = isCodedError(error, 'ECRPS_KUBERNETES_UNREACHABLE');
  const reason = reasonOf(error, pullSecretName).replace(/\s+/g, ' ');
  return { kind: 'failed', reason, isUnreachable };
}

function reasonOf(error: unknown, pullSecretName: string): string {
  const failure = writeFailureCauseOf(error, 0);
  if (failure.kind === 'refused') return denialMessage(failure.cause, error, pullSecretName);
  return isApiError(error) ? denialMessage('other', error, pullSecretName) : describeError(error);
}
