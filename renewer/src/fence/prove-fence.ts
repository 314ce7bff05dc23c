import { isApiError } from '../kube/api-error.ts';
import { APPLY_PATCH, type KubeClient, METADATA_ONLY } from '../kube/client.ts';

/** With what each refusal of the chart's policies begins (`chart/templates/_fence.tpl`). */
const FENCE_MESSAGE = 'identity fence of ecr-pull-secrets: ';

/** Another one than ours, so that an apply that leaves our fields out takes none of them away. */
const FIELD_MANAGER = 'ecr-pull-secrets-fence-probe';

/** Nobody acts on it, and it is never stored. */
const FINALIZER = 'ecr-pull-secrets.io/fence-probe';

/** One object that a policy of the fence is about. */
export interface FencedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Absolute path of the object. */
  readonly path: string;
}

/** What an attempt to break the fence showed. */
export type FenceProof =
  /** The fence refused it. */
  | { readonly kind: 'proven' }
  /** Nothing refused it. */
  | { readonly kind: 'missing'; readonly object: FencedObject }
  /** Something else refused it, or there was no answer. */
  | { readonly kind: 'unclear'; readonly error: unknown };

/** The pull secret in a namespace, which need not exist. */
export function fencedPullSecret(namespace: string, name: string): FencedObject {
  const path = `/api/v1/namespaces/${namespace}/secrets/${name}`;
  return { apiVersion: 'v1', kind: 'Secret', name, path };
}

/** The webhook configuration, which our identity may not create. */
export function fencedWebhookConfiguration(name: string): FencedObject {
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const path = `/apis/${apiVersion}/mutatingwebhookconfigurations/${name}`;
  return { apiVersion, kind: 'MutatingWebhookConfiguration', name, path };
}

/**
 * Tries what the fence forbids, as a dry run: an apply of a finalizer and nothing else. A secret that does
 * not exist would be made by it, of type Opaque, which the fence forbids as well; the type of one that exists
 * stays, since another type is refused before any policy is asked. A policy names our identity in its text,
 * so a tool that rewrites namespaces makes it one about nobody, and only an attempt shows that.
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
  const { apiVersion, kind, name, path } = object;
  try {
    await client.request({
      method: 'PATCH',
      path,
      query: { dryRun: 'All', fieldManager: FIELD_MANAGER, force: true },
      contentType: APPLY_PATCH,
      accept: METADATA_ONLY,
      body: { apiVersion, kind, metadata: { name, finalizers: [FINALIZER] } },
      signal,
    });
    return { kind: 'missing', object };
  } catch (error) {
    const isRefusal = isApiError(error) && error.message.includes(FENCE_MESSAGE);
    return isRefusal ? { kind: 'proven' } : { kind: 'unclear', error };
  }
}
