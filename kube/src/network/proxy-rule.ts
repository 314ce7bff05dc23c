import { BlockList } from 'node:net';
import { contains, parseNoProxy } from './no-proxy.ts';

/** The proxy variables of the environment. The URLs may hold credentials: none of this may be logged. */
export interface ProxySettings {
  /** Proxy for `https:` addresses, as `parseProxyUrl` returns it. */
  readonly httpsProxy?: string | undefined;
  /** Proxy for `http:` addresses. */
  readonly httpProxy?: string | undefined;
  /** See `parseNoProxy`. */
  readonly noProxy?: string | undefined;
}

/** The URL of the proxy for a request to an address; `undefined` if the request goes directly. */
export type ProxyRule = (address: URL) => string | undefined;

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/**
 * Checks a proxy's URL. Without a scheme it is one of `http:`, as Go and curl read it.
 *
 * @throws an error that says what is wrong and never quotes the URL, which may hold a password
 */
export function parseProxyUrl(text: string): string {
  const withScheme = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  // URL.canParse: the error of `new URL` holds its input.
  if (!URL.canParse(withScheme)) throw new Error('is not a URL');
  const url = new URL(withScheme);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Error('is neither an http nor an https URL');
  }
  if (!isPercentEncoded(url.username) || !isPercentEncoded(url.password)) {
    throw new Error('has a "%" in its credentials that must be written as "%25"');
  }
  return url.href;
}

/**
 * Decides as Go does, which means as the tool that this replaces and as kubectl: by scheme, then by
 * NO_PROXY. Requests to this machine and to link-local addresses never take a proxy: the instance's metadata and EKS
 * Pod Identity are there, and a proxy would return another machine's credentials.
 */
export function createProxyRule({ httpsProxy, httpProxy, noProxy }: ProxySettings): ProxyRule {
  const isExcluded = parseNoProxy(noProxy ?? '');
  const neverProxied = neverProxiedRanges();
  return ({ protocol, hostname, port }) => {
    const proxy = protocol === 'https:' ? httpsProxy : httpProxy;
    if (!proxy) return undefined;
    const host = hostname.replace(/^\[(.+)\]$/, '$1');
    if (host === 'localhost' || contains(neverProxied, host)) return undefined;
    const destination = { host, port: Number(port) || (DEFAULT_PORTS[protocol] ?? 0) };
    return isExcluded(destination) ? undefined : proxy;
  };
}

function neverProxiedRanges(): BlockList {
  const ranges = new BlockList();
  ranges.addSubnet('127.0.0.0', 8, 'ipv4');
  ranges.addAddress('::1', 'ipv6');
  // 169.254.169.254: metadata; 169.254.170.2: ECS; 169.254.170.23: EKS Pod Identity.
  ranges.addSubnet('169.254.0.0', 16, 'ipv4');
  ranges.addSubnet('fe80::', 10, 'ipv6');
  // fd00:ec2::254 and fd00:ec2::23, the same two services on IPv6.
  ranges.addSubnet('fd00:ec2::', 32, 'ipv6');
  return ranges;
}

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
