import type { ServicePort } from '../api/objects.ts';

/** A Service as far as its variables need it. */
export interface AddressedService {
  readonly name: string;
  readonly host: string;
  readonly ports: readonly ServicePort[];
}

/**
 * The variables that kubelet makes for a Service: `NAME_SERVICE_HOST`, `NAME_SERVICE_PORT`, and those
 * of Docker's links (`NAME_PORT=tcp://…`), which collide with a program's own settings now and then.
 * Source: kubernetes `pkg/kubelet/envvars/envvars.go`.
 */
export function serviceVariables(service: AddressedService): Record<string, string> {
  const prefix = variableName(service.name);
  const [first] = service.ports;
  if (!first) return {};
  const variables: Record<string, string> = {
    [`${prefix}_SERVICE_HOST`]: service.host,
    [`${prefix}_SERVICE_PORT`]: String(first.port),
    [`${prefix}_PORT`]: linkOf(service.host, first),
  };
  for (const servicePort of service.ports) {
    const { name, port } = servicePort;
    const protocol = protocolOf(servicePort);
    const link = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
    if (name) variables[`${prefix}_SERVICE_PORT_${variableName(name)}`] = String(port);
    variables[link] = linkOf(service.host, servicePort);
    variables[`${link}_PROTO`] = protocol;
    variables[`${link}_PORT`] = String(port);
    variables[`${link}_ADDR`] = service.host;
  }
  return variables;
}

function linkOf(host: string, servicePort: ServicePort): string {
  return `${protocolOf(servicePort)}://${host}:${servicePort.port}`;
}

function protocolOf({ protocol = 'TCP' }: ServicePort): string {
  return protocol.toLowerCase();
}

function variableName(name: string): string {
  return name.replaceAll('-', '_').toUpperCase();
}
