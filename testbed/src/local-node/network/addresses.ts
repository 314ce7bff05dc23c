/** The two faces of a pod's address. */
export interface PodAddress {
  /** Where its processes listen and are reached, inside 127.0.0.0/8. */
  readonly loopback: string;
  /** What its status and EndpointSlices show: the API server refuses loopback addresses there. */
  readonly shown: string;
}

/** The addresses of one node's pods. */
export interface AddressBook {
  /** The node's own address, as `status.hostIP` shows it. */
  readonly hostIp: string;
  /**
   * An address that no living pod has. A released one comes back only after all others were used,
   * so that a late connection to a dead pod never reaches another pod.
   */
  allocate(): PodAddress;
  release(address: PodAddress): void;
  /** The loopback address behind a shown one; `undefined` if it is none of ours. */
  readonly toLoopback: (shown: string) => string | undefined;
}

/** Hosts 1 to 254 of networks 1 to 254; network 0 is the node's own. */
const HOSTS = 254;
const ADDRESSES = HOSTS * HOSTS;

/** @param podCidrPrefix - first two octets of the pods' loopback addresses, such as `127.128` */
export function createAddressBook(podCidrPrefix: string): AddressBook {
  const shownPrefix = podCidrPrefix.replace(/^127\./, '10.');
  const used = new Set<string>();
  let next = 0;

  function take(): PodAddress {
    const suffix = `${Math.floor(next / HOSTS) + 1}.${(next % HOSTS) + 1}`;
    next = (next + 1) % ADDRESSES;
    return { loopback: `${podCidrPrefix}.${suffix}`, shown: `${shownPrefix}.${suffix}` };
  }

  return {
    hostIp: `${shownPrefix}.0.1`,
    allocate: () => {
      if (used.size === ADDRESSES) throw new Error('no pod address is left');
      let address = take();
      while (used.has(address.shown)) address = take();
      used.add(address.shown);
      return address;
    },
    release: ({ shown }) => {
      used.delete(shown);
    },
    toLoopback: (shown) =>
      shown.startsWith(`${shownPrefix}.`) ? podCidrPrefix + shown.slice(shownPrefix.length) : undefined,
  };
}
