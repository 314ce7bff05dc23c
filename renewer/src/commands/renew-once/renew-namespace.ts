import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createError, describeError, isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import { isApiError, isNamespaceTerminating } from '@ecr-pull-secrets/kube/api-error.ts';
import { type KubeClient, METADATA_ONLY } from '@ecr-pull-secrets/kube/client.ts';
import type { PartialObject } from '@ecr-pull-secrets/kube/objects.ts';
import { metadataSelection } from '@ecr-pull-secrets/kube/read-json.ts';
import {
  applyPullSecret,
  type PullSecretTarget,
} from '../../pull-secrets/apply/apply-pull-secret.ts';
import type { ForeignSecretPolicy } from '../../pull-secrets/foreign/foreign-secrets.ts';
import { planWrite } from '../../pull-secrets/plan/plan-write.ts';
import {
  PULL_SECRET_FIELDS,
  type PullSecretMetadata,
  readPullSecretMetadata,
} from '../../pull-secrets/cache/pull-secret-metadata.ts';
import { readForeignKeys } from '../../pull-secrets/foreign/read-foreign-keys.ts';
import { writeFailureCauseOf } from '../../pull-secrets/apply/failure-cause.ts';
import { foreignMessage, denialMessage } from '../../pull-secrets/events/event-messages.ts';
import type { DockerConfig } from '../../credentials/docker-config.ts';
import type { Retries } from './retries.ts';
import { NAMESPACE_IS_DYING, NO_SUCH_NAMESPACE, type Target } from './targets.ts';

const STOPPED = 'the run was told to stop before the API server answered';

/** What became of one namespace; reasons are one line and hold no credentials. */
export type Outcome =
  | { readonly kind: 'success'; readonly tookMs: number }
  /** No secret can be there; nobody's fault. */
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly isUnreachable: boolean }
  /** The run was over before its turn. */
  | { readonly kind: 'no-turn' };

export interface RenewNamespaceOptions {
  readonly client: KubeClient;
  readonly secretName: string;
  readonly document: DockerConfig;
  readonly foreignSecretPolicy: ForeignSecretPolicy;
  readonly retries: Retries;
  readonly clock: Clock;
  /** Namespaces that have begun are finished all the same. */
  readonly stop: AbortSignal;
  /** From then on they are not. */
  readonly late: AbortSignal;
  /** Ends the work, because others need its place. */
  readonly signal: AbortSignal;
}

/**
 * Brings the document into one namespace: a look at the secret's metadata and one server-side apply. No
 * failure is in the way of another namespace.
 *
 * @throws what ended the work, if the signal did
 */
export async function renewNamespace(
  { namespace, obstacle }: Target,
  options: RenewNamespaceOptions,
): Promise<Outcome> {
  const { client, secretName: name, retries, stop, late, signal } = options;
  if (stop.aborted) return { kind: 'no-turn' };
  if (obstacle !== undefined) return { kind: 'skipped', reason: obstacle };
  const either = AbortSignal.any([signal, late]);
  const target = { client, namespace, name, signal: either };
  try {
    const tookMs = await retries(() => write(target, options), { signal: either, isWrite: true });
    return { kind: 'success', tookMs };
  } catch (error) {
    if (late.aborted) return { kind: 'failed', reason: STOPPED, isUnreachable: false };
    if (signal.aborted) throw error;
    return outcomeOf(error, name);
  }
}

/** Returns how long the apply took. */
async function write(
  target: PullSecretTarget,
  { document, foreignSecretPolicy, clock }: RenewNamespaceOptions,
): Promise<number> {
  const secret = await look(target);
  const plan = planWrite(secret, document, clock.now());
  // Without a plan a newer token is there already, from a run or a renewer that was quicker.
  if (!plan) return 0;
  if (secret && !secret.isClaimed && foreignSecretPolicy === 'leave')
    await examine(target, document);
  const beganAtMs = clock.now();
  await applyPullSecret(target, document, plan);
  return clock.now() - beganAtMs;
}

/**
 * The apply is bound to the version that was looked at before, so that what comes in between is a conflict, even that
 * the secret is gone.
 */
async function examine(target: PullSecretTarget, document: DockerConfig): Promise<void> {
  const finding = await readForeignKeys(target, document, 'get');
  if (!finding || finding.foreignKeys.length === 0) return;
  const { name, namespace } = target;
  const message = foreignMessage(name, namespace, finding.foreignKeys);
  throw createError('ECRPS_PULL_SECRET_FOREIGN', message);
}

async function look({
  client,
  namespace,
  name,
  signal,
}: PullSecretTarget): Promise<PullSecretMetadata | undefined> {
  try {
    const { metadata } = await client.request<PartialObject>({
      method: 'GET',
      path: `/api/v1/namespaces/${namespace}/secrets/${name}`,
      accept: METADATA_ONLY,
      select: metadataSelection(PULL_SECRET_FIELDS),
      signal,
    });
    return readPullSecretMetadata(metadata);
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}

function outcomeOf(error: unknown, secretName: string): Outcome {
  // An apply creates what is not there, so what was not found is the namespace.
  if (isApiError(error, 404)) return { kind: 'skipped', reason: NO_SUCH_NAMESPACE };
  if (isNamespaceTerminating(error)) return { kind: 'skipped', reason: NAMESPACE_IS_DYING };
  const isUnreachable = isCodedError(error, 'ECRPS_KUBERNETES_UNREACHABLE');
  const reason = reasonOf(error, secretName).replace(/\s+/g, ' ');
  return { kind: 'failed', reason, isUnreachable };
}

function reasonOf(error: unknown, secretName: string): string {
  const failure = writeFailureCauseOf(error, 0);
  if (failure.kind === 'refused') return denialMessage(failure.cause, error, secretName);
  return isApiError(error) ? denialMessage('other', error, secretName) : describeError(error);
}
