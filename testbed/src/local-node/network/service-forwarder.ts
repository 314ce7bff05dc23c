import type { Socket } from 'node:net';
import type { EndpointSlice, Service } from '../api/objects.ts';
import { createEventRecorder } from '../api/events.ts';
import { followCollection, type Store, type StoreContext } from '../api/store.ts';
import { explainListenError } from './port-permission.ts';
import { createEntrance, type ServiceEntrance } from './service-entrance.ts';
import { computeFrontends, type Frontend, SERVICE_NAME_LABEL } from './service-targets.ts';

export interface ServiceForwarderOptions extends StoreContext {
  /** First two octets of ClusterIPs; other Services are not ours. */
  readonly serviceCidrPrefix: string;
  /** The loopback address behind one that a slice shows, if the pod is ours. */
  readonly toLoopback: (shown: string) => string | undefined;
  /** How long an address that is to leave stays; called each time. */
  readonly removalDelayMs: () => number;
  readonly closing: AbortSignal;
}

/** What stands for kube-proxy. */
export interface ServiceForwarder {
  readonly services: Store<Service>;
  /** Refuses and breaks all connections. */
  close(): void;
}

/** The API server itself answers at this one's address. */
const API_SERVICE = 'default/kubernetes';

/**
 * Forwards the address of each Service to its pods on this node. An address counts from the moment at
 * which its EndpointSlice shows it; one that leaves stays for the removal delay, as with a slow
 * kube-proxy, whether its pod lives or not. Established connections are left alone.
 */
export function startServiceForwarder(options: ServiceForwarderOptions): ServiceForwarder {
  const { closing: signal } = options;
  const entrances = new Map<string, Map<string, ServiceEntrance>>();
  const serviceOfSlice = new Map<string, string>();
  const sockets = new Set<Socket>();

  function update(serviceKey: string): void {
    const known = entrances.get(serviceKey) ?? new Map<string, ServiceEntrance>();
    entrances.set(serviceKey, known);
    const frontends = frontendsOf(serviceKey);
    for (const [address, entrance] of known) {
      if (!frontends.has(address)) entrance.update(new Set());
    }
    for (const [address, frontend] of frontends) {
      const entrance = known.get(address) ?? open(serviceKey, frontend);
      known.set(address, entrance);
      entrance.update(frontend.targets);
    }
  }

  function frontendsOf(serviceKey: string): ReadonlyMap<string, Frontend> {
    const service = services.get(serviceKey);
    if (!service || !isOurs(serviceKey, service, options)) return new Map();
    const own = [...slices.values()].filter((slice) => serviceKeyOf(slice) === serviceKey);
    const frontends = computeFrontends(service, own, options.toLoopback);
    return new Map(frontends.map((frontend) => [`${frontend.host}:${frontend.port}`, frontend]));
  }

  function open(serviceKey: string, { host, port }: Frontend): ServiceEntrance {
    return createEntrance({
      host,
      port,
      removalDelayMs: options.removalDelayMs,
      onError: (error) => {
        const service = services.get(serviceKey);
        if (service) reportListenError(options, service, port, error);
      },
      sockets,
    });
  }

  function updateSlice(key: string, slice: EndpointSlice | undefined): void {
    const before = serviceOfSlice.get(key);
    const now = slice && serviceKeyOf(slice);
    if (now) serviceOfSlice.set(key, now);
    else serviceOfSlice.delete(key);
    for (const serviceKey of new Set([before, now])) if (serviceKey) update(serviceKey);
  }

  const services: Store<Service> = followCollection<Service>(options, {
    path: '/api/v1/services',
    onChange: update,
    signal,
  });
  const slices: Store<EndpointSlice> = followCollection<EndpointSlice>(options, {
    path: '/apis/discovery.k8s.io/v1/endpointslices',
    onChange: updateSlice,
    signal,
  });
  return {
    services,
    close: () => {
      for (const ports of entrances.values()) for (const entrance of ports.values()) entrance.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function isOurs(serviceKey: string, { spec }: Service, { serviceCidrPrefix }: ServiceForwarderOptions): boolean {
  if (serviceKey === API_SERVICE) return false;
  return spec.clusterIP?.startsWith(`${serviceCidrPrefix}.`) ?? false;
}

/** `namespace/name` of the Service that a slice belongs to. */
function serviceKeyOf({ metadata }: EndpointSlice): string | undefined {
  const name = metadata.labels?.[SERVICE_NAME_LABEL];
  return name && `${metadata.namespace}/${name}`;
}

/** In the log for who runs the node, in an Event for who looks at the Service. */
function reportListenError(
  { client, clock, logger }: StoreContext,
  { metadata, spec }: Service,
  port: number,
  error: Error,
): void {
  const message = explainListenError(spec.clusterIP ?? '', port, error);
  logger.error({ err: new Error(message) }, 'a Service cannot be reached');
  const subject = { apiVersion: 'v1', kind: 'Service', metadata } as const;
  const events = createEventRecorder(client, clock, 'kube-proxy', subject);
  events.record('Warning', 'FailedToListen', message);
}
