import type { Lease } from '@ecr-pull-secrets/kube/lease.ts';
import { leasePath } from '@ecr-pull-secrets/kube/object-names.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { foundIn, type Read } from '../cluster/read.ts';
import type { Reader } from '../cluster/reader.ts';

/** The lease, and whether its holder renews it; `undefined` if nothing shows that. */
export interface ObservedLease {
  readonly lease: Read<Lease>;
  readonly isRenewed: boolean | undefined;
}

/** A leader renews its lease every two seconds. */
const OBSERVE_MS = 3_000;

/** Clocks of two machines that are set by NTP differ by less. */
const CLOCK_TOLERANCE_MS = 2_000;

/**
 * Reads the lease. Only if its times do not fit the clock here, it is read again after some seconds: then a renewal
 * shows whatever the clocks are, as leader election itself decides.
 */
export async function observeLease(
  reader: Reader,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  clock: Clock,
  signal?: AbortSignal,
): Promise<ObservedLease> {
  const readLease = (): Promise<Read<Lease>> =>
    reader.get(`get leases.coordination.k8s.io in namespace ${namespace}`, leasePath(namespace, name));
  const lease = await readLease();
  const spec = foundIn(lease)?.spec;
  if (!spec?.renewTime || !spec.holderIdentity) return { lease, isRenewed: 'found' in lease ? false : undefined };
  const ageMs = clock.now() - Date.parse(spec.renewTime);
  const durationMs = (spec.leaseDurationSeconds ?? 0) * 1000;
  if (ageMs >= -CLOCK_TOLERANCE_MS && ageMs <= durationMs) return { lease, isRenewed: true };
  await clock.sleep(OBSERVE_MS, signal);
  const again = await readLease();
  return { lease: again, isRenewed: foundIn(again)?.spec?.renewTime !== spec.renewTime };
}
