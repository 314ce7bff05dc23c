import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { ifFound, isApiError } from './api-error.ts';
import { CREATE_ONLY } from './apply.ts';
import { APPLY_PATCH, type KubeClient } from './client.ts';
import { leasePath } from './object-names.ts';
import type { ObjectMeta } from './objects.ts';

/** `coordination.k8s.io/v1` Lease, the parts that leader election uses. */
export interface Lease {
  readonly metadata: ObjectMeta;
  readonly spec?: LeaseSpec;
}

export interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/** Kubernetes requires six fractional digits in a MicroTime; JavaScript has three. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

export type LeaseStore = ReturnType<typeof createLeaseStore>;

/** Reads and writes one Lease. A write is refused if another process wrote since the last read. */
export function createLeaseStore(
  client: KubeClient,
  settings: {
    readonly namespace: string;
    readonly name: string;
    /** A request must fail well before the lease does. */
    readonly requestTimeoutMs: number;
  },
) {
  const { namespace, name, requestTimeoutMs: timeoutMs } = settings;
  const path = leasePath(namespace, name);
  const kind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
  return {
    read: (signal: AbortSignal): Promise<Lease | undefined> =>
      ifFound(client.request<Lease>({ method: 'GET', path, signal, timeoutMs })),
    /**
     * Writes the spec over the lease that was read, or creates the lease if there was none.
     *
     * @throws ECRPS_LEASE_LOST if another process was quicker
     */
    write: async (previous: Lease | undefined, spec: LeaseSpec, signal: AbortSignal): Promise<Lease> => {
      // RBAC can limit an apply that only creates to this name, which it cannot do for POST.
      const write = previous ? ({ method: 'PUT' } as const) : ({ method: 'PATCH', contentType: APPLY_PATCH } as const);
      const metadata = previous ? minimalMetadata(previous) : { name, namespace, resourceVersion: CREATE_ONLY };
      const query = { fieldManager: PRODUCT_NAME };
      const body = { ...kind, metadata, spec };
      try {
        return await client.request<Lease>({ ...write, path, query, body, signal, timeoutMs });
      } catch (error) {
        if (!isApiError(error, 409)) throw error;
        throw createError('ECRPS_LEASE_LOST', `writing the lease ${namespace}/${name}`, error);
      }
    },
  };
}

/**
 * Labels and annotations have no use here, and anyone who may write the lease may fill it up with them, or with
 * managed fields, so that there is no room for a holder: they are removed. `[{}]` is how managed fields are removed.
 */
function minimalMetadata({ metadata }: Lease): object {
  const { name, namespace, resourceVersion, finalizers, ownerReferences } = metadata;
  return { name, namespace, resourceVersion, finalizers, ownerReferences, managedFields: [{}] };
}
