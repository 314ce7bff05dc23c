import type { Endpoint, EndpointSlice, Service } from '../api/objects.ts';

/** One port of a Service's address and where connections to it may go. */
export interface Frontend {
  /** The ClusterIP. */
  readonly host: string;
  readonly port: number;
  /** `address:port`, each once. */
  readonly targets: ReadonlySet<string>;
}

/** The label by which a slice names its Service. */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

/**
 * Where the TCP ports of a Service lead: to its ready endpoints or, if there is none, to those that
 * are terminating and still serving. Source: `CategorizeEndpoints` of kubernetes `pkg/proxy/topology.go`.
 *
 * @param slices - those of this Service
 * @param toLoopback - the address behind one that a slice shows; endpoints without one are left out
 */
export function computeFrontends(
  { spec }: Service,
  slices: readonly EndpointSlice[],
  toLoopback: (shown: string) => string | undefined,
): Frontend[] {
  const host = spec.clusterIP ?? '';
  const tcpPorts = (spec.ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP');
  return tcpPorts.map(({ name = '', port }) => {
    const ready = targetsOf(slices, name, toLoopback, isReady);
    const targets = ready.size > 0 ? ready : targetsOf(slices, name, toLoopback, isLastResort);
    return { host, port, targets };
  });
}

function isReady({ conditions }: Endpoint): boolean {
  return conditions?.ready ?? true;
}

function isLastResort({ conditions }: Endpoint): boolean {
  return conditions?.serving === true && conditions.terminating === true;
}

function targetsOf(
  slices: readonly EndpointSlice[],
  portName: string,
  toLoopback: (shown: string) => string | undefined,
  isWanted: (endpoint: Endpoint) => boolean,
): Set<string> {
  const targets = new Set<string>();
  for (const { ports, endpoints } of slices) {
    const port = ports?.find(({ name = '' }) => name === portName)?.port;
    if (port === undefined) continue;
    for (const endpoint of endpoints?.filter(isWanted) ?? []) {
      const address = toLoopback(endpoint.addresses[0] ?? '');
      if (address) targets.add(`${address}:${port}`);
    }
  }
  return targets;
}
