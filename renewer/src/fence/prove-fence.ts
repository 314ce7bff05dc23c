import { isApiError } from '../kube/api-error.ts';
import { APPLY_PATCH, type KubeClient, type KubeRequest, METADATA_ONLY } from '../kube/client.ts';

/** With what each refusal of the chart's policies begins (`chart/templates/_fence.tpl`). */
const FENCE_MESSAGE = 'identity fence of ecr-pull-secrets: ';

/** Another one than ours: by ours an apply would let go of the fields that it leaves out. */
const FIELD_MANAGER = 'ecr-pull-secrets-fence-probe';

/** Nobody acts on it, and it is never stored. */
const FINALIZER = 'ecr-pull-secrets.io/fence-probe';

/** One object that a policy of the fence is about, and a change of it that the policy refuses. */
export interface FencedObject {
  readonly request: Required<Pick<KubeRequest, 'path' | 'contentType' | 'body'>>;
  /** Whether the change makes an object that does not exist. If not, an absent one leaves nothing to change. */
  readonly isCreated: boolean;
}

/** What an attempt to break the fence showed. */
export type FenceProof =
  /** The fence refused it, or there is nothing to change. */
  | { readonly kind: 'proven' }
  /** Nothing refused it. */
  | { readonly kind: 'missing'; readonly object: FencedObject }
  /** Something else refused it, or there was no answer. */
  | { readonly kind: 'unclear'; readonly error: unknown };

/**
 * The pull secret in a namespace. The apply creates one that does not exist, of type Opaque, which the fence
 * forbids as well. It leaves the type of one that exists alone, since another type is refused before any
 * policy is asked.
 */
export function fencedPullSecret(namespace: string, name: string): FencedObject {
  const path = `/api/v1/namespaces/${namespace}/secrets/${name}`;
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name, finalizers: [FINALIZER] } };
  return { request: { path, contentType: APPLY_PATCH, body }, isCreated: true };
}

/** The webhook configuration. Somebody may have deleted it, and our identity cannot create it. */
export function fencedWebhookConfiguration(name: string): FencedObject {
  const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${name}`;
  const body = { metadata: { finalizers: [FINALIZER] } };
  const contentType = 'application/merge-patch+json';
  return { request: { path, contentType, body }, isCreated: false };
}

/**
 * Tries what the fence forbids, a finalizer, as a dry run. A policy names our identity in its text, so a tool
 * that rewrites namespaces makes it one about nobody, and only an attempt shows that.
 *
 * Never rejects. The first object that is not proven decides.
 */
export async function proveFence(
  client: KubeClient,
  objects: readonly FencedObject[],
  signal: AbortSignal,
): Promise<FenceProof> {
  for (const object of objects) {
    const proof = await attempt(client, object, signal);
    if (proof.kind !== 'proven') return proof;
  }
  return { kind: 'proven' };
}

async function attempt(
  client: KubeClient,
  object: FencedObject,
  signal: AbortSignal,
): Promise<FenceProof> {
  try {
    const query = { dryRun: 'All', fieldManager: FIELD_MANAGER };
    await client.request({
      method: 'PATCH',
      ...object.request,
      query,
      accept: METADATA_ONLY,
      signal,
    });
    return { kind: 'missing', object };
  } catch (error) {
    if (!isApiError(error)) return { kind: 'unclear', error };
    const isAbsent = error.status === 404 && !object.isCreated;
    return isAbsent || error.message.includes(FENCE_MESSAGE)
      ? { kind: 'proven' }
      : { kind: 'unclear', error };
  }
}
