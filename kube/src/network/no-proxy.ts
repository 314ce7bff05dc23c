import { BlockList, isIP } from 'node:net';
import { splitList } from '@ecr-pull-secrets/shared/split-list.ts';

/** Where a request goes. */
export interface Destination {
  /** Name or address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

type Matcher = (destination: Destination) => boolean;

/**
 * Reads NO_PROXY as Go does (golang.org/x/net/http/httpproxy), and with it kubectl and every
 * controller that shares the setting: names (`example.com` with all below it, `.example.com` and
 * `*.example.com` only what is below), addresses, CIDR ranges, all but ranges with an optional `:port`,
 * and `*`. Neither Node's own proxy support nor undici's has ranges, and `10.0.0.0/8` is how a
 * cluster keeps its API server off the proxy. An entry that is none of these matches nothing.
 */
export function parseNoProxy(text: string): Matcher {
  const matchers = splitList(text.toLowerCase()).map(matcherOf);
  return ({ host, port }) => {
    const destination = { host: host.toLowerCase().replace(/\.$/, ''), port };
    return matchers.some((matches) => matches(destination));
  };
}

function matcherOf(entry: string): Matcher {
  if (entry === '*') return () => true;
  return rangeMatcher(entry) ?? addressMatcher(entry) ?? nameMatcher(entry);
}

function rangeMatcher(entry: string): Matcher | undefined {
  const { address = '', bits } = /^(?<address>[^/]+)\/(?<bits>\d{1,3})$/.exec(entry)?.groups ?? {};
  const family = familyOf(address);
  const prefix = Number(bits);
  if (!family || !(prefix <= (family === 'ipv4' ? 32 : 128))) return undefined;
  const range = new BlockList();
  range.addSubnet(address, prefix, family);
  return ({ host }) => contains(range, host);
}

function addressMatcher(entry: string): Matcher | undefined {
  const { host, port } = splitPort(entry);
  const family = familyOf(host);
  if (!family) return undefined;
  const addresses = new BlockList();
  addresses.addAddress(host, family);
  return (destination) => isPort(port, destination) && contains(addresses, destination.host);
}

function nameMatcher(entry: string): Matcher {
  const { host, port } = splitPort(entry);
  const name = host.replace(/^\*(?=\.)/, '');
  const suffix = name.startsWith('.') ? name : `.${name}`;
  return (destination) => isPort(port, destination) && (destination.host.endsWith(suffix) || destination.host === name);
}

/** Whether an address lies in ranges; an IPv4 address in IPv6 form counts as IPv4, a name never. */
export function contains(ranges: BlockList, host: string): boolean {
  const family = familyOf(host);
  return family !== undefined && ranges.check(host, family);
}

function isPort(port: number | undefined, destination: Destination): boolean {
  return port === undefined || port === destination.port;
}

function splitPort(entry: string): { readonly host: string; readonly port: number | undefined } {
  const withPort = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^:]+)):(?<port>\d+)$/.exec(entry)?.groups;
  if (withPort) {
    return { host: withPort['v6'] ?? withPort['name'] ?? '', port: Number(withPort['port']) };
  }
  return { host: entry.replace(/^\[(.+)\]$/, '$1'), port: undefined };
}

function familyOf(host: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(host);
  return version === 0 ? undefined : version === 4 ? 'ipv4' : 'ipv6';
}
