import { describeError, isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import type { Clock } from '@ecr-pull-secrets/shared/clock.ts';
import { isApiError, isNamespaceTerminating } from '../kube/api-error.ts';
import { type KubeClient, METADATA_ONLY } from '../kube/client.ts';
import type { PartialObject } from '../kube/objects.ts';
import { metadataSelection } from '../kube/read-json.ts';
import { applyPullSecret, type PullSecretTarget } from '../pull-secrets/apply-pull-secret.ts';
import { planWrite } from '../pull-secrets/plan-write.ts';
import {
  PULL_SECRET_FIELDS,
  type PullSecretState,
  readPullSecretState,
} from '../pull-secrets/pull-secret-state.ts';
import { refusalMessage } from '../pull-secrets/refusal-message.ts';
import type { PullDocument } from '../registry-tokens/pull-document.ts';
import type { Retries } from './retries.ts';
import { NAMESPACE_IS_DYING, NO_SUCH_NAMESPACE, type Target } from './targets.ts';

/** What became of one namespace; reasons are one line and hold no credentials. */
export type Outcome =
  | { readonly kind: 'success' }
  /** No secret can be there; nobody's fault. */
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly isUnreachable: boolean }
  /** The run was over before its turn. */
  | { readonly kind: 'no-turn' };

export interface RenewNamespaceOptions {
  readonly client: KubeClient;
  readonly secretName: string;
  readonly document: PullDocument;
  readonly retries: Retries;
  readonly clock: Clock;
  /** Namespaces that have begun are finished all the same. */
  readonly stop: AbortSignal;
}

/**
 * Brings the document into one namespace: a look at the secret's metadata and one server-side apply.
 * Never rejects, so that no namespace is in the way of another.
 */
export async function renewNamespace(
  { namespace, obstacle }: Target,
  options: RenewNamespaceOptions,
): Promise<Outcome> {
  const { client, secretName: name, document, retries, clock, stop } = options;
  if (stop.aborted) return { kind: 'no-turn' };
  if (obstacle !== undefined) return { kind: 'skipped', reason: obstacle };
  const { signal } = new AbortController();
  const target = { client, namespace, name, signal };
  try {
    await retries(() => write(target, document, clock.now()));
    return { kind: 'success' };
  } catch (error) {
    return outcomeOf(error, name);
  }
}

async function write(
  target: PullSecretTarget,
  document: PullDocument,
  nowMs: number,
): Promise<void> {
  const plan = planWrite(await look(target), document, nowMs);
  // Without a plan a newer token is there already, from a run or a renewer that was quicker.
  if (plan) await applyPullSecret(target, document, plan);
}

async function look({
  client,
  namespace,
  name,
}: PullSecretTarget): Promise<PullSecretState | undefined> {
  try {
    const { metadata } = await client.request<PartialObject>({
      method: 'GET',
      path: `/api/v1/namespaces/${namespace}/secrets/${name}`,
      accept: METADATA_ONLY,
      select: metadataSelection(PULL_SECRET_FIELDS),
    });
    return readPullSecretState(metadata);
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}

function outcomeOf(error: unknown, secretName: string): Outcome {
  // An apply creates what is not there, so what was not found is the namespace.
  if (isApiError(error, 404)) return { kind: 'skipped', reason: NO_SUCH_NAMESPACE };
  if (isNamespaceTerminating(error)) return { kind: 'skipped', reason: NAMESPACE_IS_DYING };
  const reason = isApiError(error) ? refusalMessage(error, secretName) : describeError(error);
  const isUnreachable = isCodedError(error, 'ECRPS_KUBERNETES_UNREACHABLE');
  return { kind: 'failed', reason: reason.replace(/\s+/g, ' '), isUnreachable };
}
