import { splitList } from '@ecr-pull-secrets/shared/split-list.ts';

/**
 * What may stand before the first `/` of an image: a host name or a bracketed IPv6 address, with or
 * without a port.
 *
 * Source: distribution/reference `regexp.go` (`DomainRegexp`).
 */
const REGISTRY_HOST =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[a-f0-9:]+\])(?::\d{1,5})?$/;

/**
 * Parses `REGISTRY_HOSTS`: hosts separated by commas, converted to lower case; blanks around an entry
 * and empty entries are ignored.
 *
 * @throws an error that names the entry that is not a host, for instance a URL, or whose port is out of range
 */
export function parseRegistryHosts(text: string): readonly string[] {
  const hosts = splitList(text.toLowerCase());
  const invalid = hosts.find((host) => !REGISTRY_HOST.test(host));
  if (invalid !== undefined) {
    throw new Error(`"${invalid}" is not a registry host (host or host:port, no scheme, no path)`);
  }
  const outOfRange = hosts.find((host) => !hasValidPort(host));
  if (outOfRange !== undefined) {
    throw new Error(`the port of "${outOfRange}" is not one from 1 to 65535`);
  }
  return Object.freeze(hosts);
}

/** Whether the port exists in TCP; true for a host without a port. */
function hasValidPort(host: string): boolean {
  const [, port = '1'] = /:(\d+)$/.exec(host) ?? [];
  return Number(port) >= 1 && Number(port) <= 65_535;
}
