import { claim } from './claim.ts';
import type { Guardian } from './guardian.ts';

/** Loopback networks of /16 that belong to one cluster while it runs. */
export interface AddressRanges {
  /** First two octets of the ClusterIPs, for instance `127.64`. */
  readonly serviceCidrPrefix: string;
  /** First two octets of addresses for the processes that stand for pods, for instance `127.128`. */
  readonly podCidrPrefix: string;
}

/** 127.64 up to 127.127 for Services; the pods of each lie 64 higher, up to 127.191. */
const FIRST_SECOND_OCTET = 64;
const RANGES = 64;

/**
 * Takes ranges that no other cluster on this machine uses, until the guardian's last process is gone.
 *
 * @throws if all are taken
 */
export async function claimAddressRanges(guardian: Guardian): Promise<AddressRanges> {
  for (let octet = FIRST_SECOND_OCTET; octet < FIRST_SECOND_OCTET + RANGES; octet++) {
    const claimed = await claim(`addresses 127.${octet}`);
    if (!claimed) continue;
    await guardian.hold(claimed.server);
    return { serviceCidrPrefix: `127.${octet}`, podCidrPrefix: `127.${octet + RANGES}` };
  }
  throw new Error(`${RANGES} local clusters run already: no addresses are left for another`);
}
