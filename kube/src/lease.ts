import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { isApiError } from './api-error.ts';
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

/** Reads and writes one Lease. A write is refused if another process wrote since the last read. */
export interface LeaseStore {
  read(signal: AbortSignal): Promise<Lease | undefined>;
  /**
   * Writes the spec over the lease that was read, or creates the lease if there was none.
   *
   * @throws ECRPS_LEASE_LOST if another process was quicker
   */
  write(previous: Lease | undefined, spec: LeaseSpec, signal: AbortSignal): Promise<Lease>;
}

export interface LeaseStoreSettings {
  readonly namespace: string;
  readonly name: string;
  /** A request must fail well before the lease does. */
  readonly requestTimeoutMs: number;
}

/** Kubernetes requires six fractional digits in a MicroTime; JavaScript has three. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

export function createLeaseStore(client: KubeClient, settings: LeaseStoreSettings): LeaseStore {
  const { namespace, name, requestTimeoutMs: timeoutMs } = settings;
  const path = leasePath(namespace, name);
  const kind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
  return {
    read: async (signal) => {
      try {
        return await client.request<Lease>({ method: 'GET', path, signal, timeoutMs });
      } catch (error) {
        if (isApiError(error, 404)) return undefined;
        throw error;
      }
    },
    write: async (previous, spec, signal) => {
      // RBAC can limit an apply that only creates to this name, which it cannot do for POST.
      const create = {
        method: 'PATCH',
        path,
        query: { fieldManager: PRODUCT_NAME },
        contentType: APPLY_PATCH,
        body: { ...kind, metadata: { name, namespace, resourceVersion: CREATE_ONLY }, spec },
      } as const;
      const update = {
        method: 'PUT',
        path,
        query: { fieldManager: PRODUCT_NAME },
        body: { ...kind, metadata: minimalMetadata(previous), spec },
      } as const;
      try {
        const write = previous ? update : create;
        return await client.request<Lease>({ ...write, signal, timeoutMs });
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
function minimalMetadata(previous: Lease | undefined): object {
  const { name, namespace, resourceVersion, finalizers, ownerReferences } =
    previous?.metadata ?? {};
  return { name, namespace, resourceVersion, finalizers, ownerReferences, managedFields: [{}] };
}
