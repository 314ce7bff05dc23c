import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { CREATE_ONLY } from '@ecr-pull-secrets/kube/apply.ts';
import {
  APPLY_PATCH,
  type KubeClient,
  type KubeRequest,
  METADATA_ONLY,
} from '@ecr-pull-secrets/kube/client.ts';

/** With what each refusal of the chart's policies begins (`chart/templates/_fence.tpl`). */
const FENCE_MESSAGE = 'identity fence of ecr-pull-secrets: ';

/** Another one than ours: by ours an apply would let go of the fields that it leaves out. */
const FIELD_MANAGER = 'ecr-pull-secrets-fence-probe';

/** The least that a secret of this type has to hold. */
const NO_CREDENTIALS = {
  '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64'),
};

/** Nobody acts on it, and it is never stored. */
const FINALIZER = 'ecr-pull-secrets.io/fence-probe';

/** A write that one rule of the fence refuses, and no other rule. */
export interface Probe {
  readonly request: Required<Pick<KubeRequest, 'method' | 'path' | 'body'>> &
    Pick<KubeRequest, 'contentType'>;
  /** The answer that means that there is nothing to try it on. */
  readonly skippedOn: number;
}

/** What the attempts to break the fence showed. */
export type FenceProof =
  /** The fence refused each that could be tried. */
  | { readonly kind: 'proven' }
  /** Nothing refused it. */
  | { readonly kind: 'missing'; readonly probe: Probe }
  /** Something else refused it, or there was no answer. */
  | { readonly kind: 'unclear'; readonly error: unknown };

/**
 * The pull secret in a namespace: its type where there is none, a finalizer there, and a finalizer where there is one.
 * The type of one that exists cannot be tried, since another type is refused before any policy is asked.
 */
export function pullSecretProbes(namespace: string, name: string): readonly Probe[] {
  const path = `/api/v1/namespaces/${namespace}/secrets/${name}`;
  const create = (metadata: object, fields: object): Probe => ({
    request: {
      method: 'PATCH',
      path,
      contentType: APPLY_PATCH,
      body: {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name, resourceVersion: CREATE_ONLY, ...metadata },
        ...fields,
      },
    },
    skippedOn: 409,
  });
  const finalizers = [FINALIZER];
  return [
    create({}, { type: 'Opaque' }),
    create({ finalizers }, { type: 'kubernetes.io/dockerconfigjson', data: NO_CREDENTIALS }),
    { request: mergePatch(path, { metadata: { finalizers } }), skippedOn: 404 },
  ];
}

/** The webhook configuration. Somebody may have deleted it, and our identity cannot create it. */
export function webhookConfigurationProbe(name: string): Probe {
  const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${name}`;
  return {
    request: mergePatch(path, { metadata: { finalizers: [FINALIZER] } }),
    skippedOn: 404,
  };
}

/** An Event in a namespace. Anyone who makes the roles may leave out the right to Events. */
export function eventProbe(namespace: string): Probe {
  const body = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: FIELD_MANAGER, namespace, finalizers: [FINALIZER] },
    involvedObject: { apiVersion: 'v1', kind: 'Namespace', name: namespace, namespace },
    type: 'Normal',
    reason: 'FenceProbe',
  };
  const path = `/api/v1/namespaces/${namespace}/events`;
  return { request: { method: 'POST', path, body }, skippedOn: 403 };
}

function mergePatch(path: string, body: object): Probe['request'] {
  return { method: 'PATCH', path, contentType: 'application/merge-patch+json', body };
}

/**
 * Tries what the fence forbids, as dry runs, each of which breaks one rule. A policy names our identity in its text, so
 * a tool that rewrites namespaces turns it into a policy about an identity that does not exist. Only an attempt shows that.
 *
 * Never rejects. The first probe that the fence does not refuse decides.
 */
export async function proveFence(
  client: KubeClient,
  probes: readonly Probe[],
  signal: AbortSignal,
): Promise<FenceProof> {
  for (const probe of probes) {
    const proof = await attempt(client, probe, signal);
    if (proof.kind !== 'proven') return proof;
  }
  return { kind: 'proven' };
}

async function attempt(client: KubeClient, probe: Probe, signal: AbortSignal): Promise<FenceProof> {
  try {
    const query = { dryRun: 'All', fieldManager: FIELD_MANAGER };
    await client.request({ ...probe.request, query, accept: METADATA_ONLY, signal });
    return { kind: 'missing', probe };
  } catch (error) {
    if (!isApiError(error)) return { kind: 'unclear', error };
    return error.status === probe.skippedOn || error.message.includes(FENCE_MESSAGE)
      ? { kind: 'proven' }
      : { kind: 'unclear', error };
  }
}
