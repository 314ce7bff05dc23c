import { mayListenOn } from '../local-node/network/port-permission.ts';

/** Where each container of the chart's pods answers `/metrics`. */
export const OPS_PORTS = { webhook: 9402, renewer: 9403 } as const;

/** All that the chart's pods listen on, each pod at an address of its own. */
const POD_PORTS = [10250, ...Object.values(OPS_PORTS)];

/** The chart's own, then those that everybody may use. */
const SERVICE_PORTS = [443, 8443, 9443, 10443];

/**
 * A pod has an address of its own, but a program that listens on all addresses has its port on that too.
 *
 * @throws if the pods could not listen, with what to do about it
 */
export async function requireFreePodPorts(ports: readonly number[] = POD_PORTS): Promise<void> {
  for (const port of ports) {
    if (await mayListenOn(port)) continue;
    throw new Error(
      [
        `port ${port} is taken: another program listens on it at all addresses, and so no pod can`,
        `(kubelet, of k3s for instance, has 10250). "ss -ltnp 'sport = :${port}'" run as root shows which.`,
        'Stop it for as long as this runs, or run this in a container or in a network namespace of its own.',
      ].join(' '),
    );
  }
}

/**
 * The port for the chart's Service: the chart's own if this user may listen there and no program listens there at
 * all addresses, else the first one after it.
 *
 * @throws if there is none
 */
export async function chooseServicePort(candidates: readonly number[] = SERVICE_PORTS): Promise<number> {
  for (const port of candidates) if (await mayListenOn(port)) return port;
  throw new Error(
    `the ports ${candidates.join(', ')} are all taken or not allowed to this user: stop a program that listens on one of them at all addresses`,
  );
}
