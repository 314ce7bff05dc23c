import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { CREATE_ONLY } from '@ecr-pull-secrets/kube/apply.ts';
import { APPLY_PATCH, type KubeClient, type KubeRequest, METADATA_ONLY } from '@ecr-pull-secrets/kube/client.ts';
import { eventsPath, evictionPath, secretPath, webhookConfigurationPath } from '@ecr-pull-secrets/kube/object-names.ts';

/** The start of each message of the chart's policies (`chart/templates/_fence.tpl`). */
const FENCE_MESSAGE = 'identity fence of ecr-pull-secrets: ';

/** For the log: the risk if no admission policy fences our identity. */
export const UNFENCED =
  'no admission policy fences the ServiceAccount of ecr-pull-secrets: anyone who has its token can make the pull secret a service-account-token secret, and get the rights of any ServiceAccount in the namespaces that it writes to; see docs/troubleshooting.md#the-identity-is-not-fenced';

/** Not our own: with our own, an apply would release the fields that it leaves out. */
const FIELD_MANAGER = 'ecr-pull-secrets-fence-probe';

/** The least that the API server requires of a secret of this type. */
const NO_CREDENTIALS = {
  '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64'),
};

/** No controller acts on it, and it is never stored. */
const FINALIZER = 'ecr-pull-secrets.io/fence-probe';

/** A write that one rule of the fence refuses, and no other rule. */
export interface Probe {
  readonly request: Required<Pick<KubeRequest, 'method' | 'path' | 'body'>> & Pick<KubeRequest, 'contentType'>;
  /** The status that means that there is no object to try it on. */
  readonly skippedOn: number;
  /** The status of the request if the fence does not refuse it, unless that is a success. */
  readonly missingOn?: number;
}

/** The result of the attempts to break the fence. */
export type FenceProof =
  /** The fence refused each that could be tried. */
  | { readonly kind: 'proven' }
  /** Nothing refused it. */
  | { readonly kind: 'missing'; readonly probe: Probe }
  /** Something else refused it, or there was no response. */
  | { readonly kind: 'unclear'; readonly error: unknown };

/**
 * The pull secret in a namespace: another type and a finalizer if there is no secret, and a finalizer if there is one.
 * The type of an existing one cannot be tried, since the API server refuses another type before it evaluates policies.
 */
export function pullSecretProbes(namespace: string, name: string): readonly Probe[] {
  const path = secretPath(namespace, name);
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

/** The webhook configuration. It may have been deleted, and our identity cannot create it. */
export function webhookConfigurationProbe(name: string): Probe {
  const request = mergePatch(webhookConfigurationPath(name), {
    metadata: { finalizers: [FINALIZER] },
  });
  return { request, skippedOn: 404 };
}

/** An Event in a namespace. Roles of an administrator's own may lack the right to create Events. */
export function eventProbe(namespace: string): Probe {
  const body = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: FIELD_MANAGER, namespace, finalizers: [FINALIZER] },
    involvedObject: { apiVersion: 'v1', kind: 'Namespace', name: namespace, namespace },
    type: 'Normal',
    reason: 'FenceProbe',
  };
  return { request: { method: 'POST', path: eventsPath(namespace), body }, skippedOn: 403 };
}

/** An eviction in our own namespace, of a pod that does not exist: policies are evaluated before the pod is read. */
export function evictionProbe(namespace: string): Probe {
  const name = FIELD_MANAGER;
  const body = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace },
    deleteOptions: { preconditions: { uid: name, resourceVersion: '1' } },
  };
  return { request: { method: 'POST', path: evictionPath(namespace, name), body }, skippedOn: 403, missingOn: 404 };
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
    if (error.status === probe.missingOn) return { kind: 'missing', probe };
    return error.status === probe.skippedOn || error.message.includes(FENCE_MESSAGE)
      ? { kind: 'proven' }
      : { kind: 'unclear', error };
  }
}
