import { Agent, type Dispatcher, Pool, ProxyAgent, Socks5ProxyAgent } from './network/undici.ts';
import { CONNECT_TIMEOUT_MS, limitAddressAttempts } from './network/connect-limits.ts';
import type { KubeCredentials } from './credentials.ts';

/**
 * More than a leader has open at once, or the lease would wait in line behind writes that webhooks of others delay:
 * thirty writes (`WRITE_SLOTS`), five watches, 22 Events, two Secrets of our own, the webhook configuration, the fence
 * and the lease are 62. A burst beyond it waits, which costs less than as many TLS handshakes at once.
 */
const MAX_CONNECTIONS = 64;

/**
 * One pool of connections to the API server, directly or through a proxy; the server's own CA and
 * client certificates are for the server, not for the proxy. HTTP/1.1 everywhere: the same behaviour
 * against every server, and a slow watch does not block other requests.
 *
 * @param connectTimeoutMs - for a connection, and for a proxy's response to CONNECT
 */
export function createApiServerDispatcher(
  tls: KubeCredentials['tls'],
  proxyUrl: string | undefined,
  connectTimeoutMs: number = CONNECT_TIMEOUT_MS,
): Dispatcher {
  limitAddressAttempts();
  const connect = { ...tls, allowH2: false, timeout: connectTimeoutMs };
  const options = { allowH2: false, connections: MAX_CONNECTIONS };
  if (proxyUrl === undefined) return new Agent({ ...options, connect });
  if (proxyUrl.startsWith('socks5:')) {
    return new Socks5ProxyAgent(proxyUrl, {
      ...options,
      connectTimeout: connectTimeoutMs,
      requestTls: connect,
    });
  }
  return new ProxyAgent({
    ...options,
    uri: proxyUrl,
    requestTls: connect,
    proxyTls: { allowH2: false, timeout: connectTimeoutMs },
    // Without it the wait for a proxy that never responds to CONNECT is 300 s, undici's default: neither
    // the request's own timeout nor its signal ends the wait for a connection.
    clientFactory: (origin, poolOptions) => new Pool(origin, { ...poolOptions, headersTimeout: connectTimeoutMs }),
  });
}
