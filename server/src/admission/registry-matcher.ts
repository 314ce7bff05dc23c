import { parseEcrHost } from '@ecr-pull-secrets/shared/ecr-host.ts';
import { withoutPort } from '@ecr-pull-secrets/shared/image-reference.ts';

/**
 * What can stand before the first `/` of an image: a host name or a bracketed IPv6 address, with or
 * without a port.
 *
 * Source: distribution/reference `regexp.go` (`DomainRegexp`).
 */
const REGISTRY_HOST =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[a-f0-9:]+\])(?::\d{1,5})?$/;

/**
 * Reads `REGISTRY_HOSTS`: hosts split by commas, in lower case afterwards; blanks around an entry
 * and empty entries are dropped.
 *
 * @throws an error that names the entry that is no host, for instance a URL, or whose port there is not
 */
export function parseRegistryHosts(text: string): readonly string[] {
  const hosts = text
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '');
  const wrong = hosts.find((host) => !REGISTRY_HOST.test(host));
  if (wrong !== undefined) {
    throw new Error(`"${wrong}" is not a registry host (host or host:port, no scheme, no path)`);
  }
  const unreachable = hosts.find((host) => !hasPortOfTcp(host));
  if (unreachable !== undefined) {
    throw new Error(`the port of "${unreachable}" is not one from 1 to 65535`);
  }
  return Object.freeze(hosts);
}

/** Whether the port is one that there is, where one is written. */
function hasPortOfTcp(host: string): boolean {
  const [, port = '1'] = /:(\d+)$/.exec(host) ?? [];
  return Number(port) >= 1 && Number(port) <= 65_535;
}

/** Whether the pull secret is meant for a registry, given as an image reference names it. */
export type RegistryMatcher = (registry: string) => boolean;

/**
 * Matches private ECR hosts of every partition, whatever their port, and the further hosts: one with
 * a port matches that port alone, one without matches any. Hosts are compared without regard to case.
 *
 * @param furtherHosts - as `parseRegistryHosts` gives them
 */
export function createRegistryMatcher(furtherHosts: readonly string[]): RegistryMatcher {
  const further = new Set(furtherHosts);
  return (registry) => {
    if (parseEcrHost(withoutPort(registry))) return true;
    const host = registry.toLowerCase();
    return further.has(host) || further.has(withoutPort(host));
  };
}
