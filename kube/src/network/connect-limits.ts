import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';

/**
 * How long one address of a host may take. Node gives each but the last one 250 ms and tries them one
 * after the other, so a far host whose last address is dead is never reached. A satellite link responds in
 * 0.8 s, and after 1 s a lost packet is sent again (RFC 6298).
 */
const ADDRESS_ATTEMPT_MS = 2_000;

/** Until there is a connection: four addresses that do not respond, and one that does. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** Sets the limit of an address, which is the process's: the SDK takes none for its own connections. */
export function limitAddressAttempts(): void {
  setDefaultAutoSelectFamilyAttemptTimeout(ADDRESS_ATTEMPT_MS);
}
