import type { RequestOptions } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { type Cluster, KubeConfig, type User } from '@kubernetes/client-node';
import { createError, describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { parseProxyUrl } from './network/proxy-rule.ts';
import { readKubeconfigs } from './kubeconfig-files.ts';

/** The address of the API server and how to authenticate; read before each request, since tokens change. */
export interface KubeCredentials {
  /** Without a slash at its end; its path, if it has one, is the prefix of each request's path. */
  readonly server: string;
  /** The proxy of the kubeconfig, which wins over the environment. */
  readonly proxyUrl?: string;
  readonly authorization: string | undefined;
  readonly tls: Pick<SecureContextOptions, 'ca' | 'cert' | 'key'> & {
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
}

export type CredentialSource = () => Promise<KubeCredentials>;

/**
 * Credentials of the current context of kubeconfig files, exec plugins and client certificates
 * included; see `readKubeconfigs`.
 *
 * @throws ECRPS_CONFIGURATION_INVALID if a file or its current context is not usable
 */
export function fileCredentials(...paths: readonly string[]): CredentialSource {
  const { cluster, user } = readKubeconfigs(paths);
  return credentialsOf(cluster, user);
}

function credentialsOf(cluster: Cluster, user: User): CredentialSource {
  const server = serverOf(cluster);
  const proxyUrl = proxyUrlOf(cluster);
  const { proxyUrl: _, ...direct } = cluster;
  const config = new KubeConfig();
  // client-node would connect by itself: it creates a proxy's agent, and refuses plain HTTP unless TLS is
  // not verified.
  const skipTLSVerify = cluster.skipTLSVerify || server.startsWith('http:');
  config.loadFromClusterAndUser({ ...direct, server, skipTLSVerify }, user);
  return async () => {
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const { ca, cert, key, servername, rejectUnauthorized, headers } = options;
    return {
      server,
      ...(proxyUrl ? { proxyUrl } : {}),
      authorization: authorizationOf(headers),
      tls: {
        ...(ca ? { ca } : {}),
        ...(cert ? { cert } : {}),
        ...(key ? { key } : {}),
        ...(servername ? { servername } : {}),
        ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
      },
    };
  };
}

/** Without a scheme it is https; client-go would send credentials without TLS if it has no CA. */
function serverOf({ name, server }: Cluster): string {
  const withScheme = /^[a-z][a-z\d+.-]*:\//i.test(server) ? server : `https://${server}`;
  if (!/^https?:\/\//i.test(withScheme) || !URL.canParse(withScheme)) {
    throw createError(
      'ECRPS_CONFIGURATION_INVALID',
      `the kubeconfig's cluster "${name}" has server: "${server}", which is not an http or https URL; for example server: https://api.example.com:6443`,
    );
  }
  const { origin, pathname } = new URL(withScheme);
  return origin + pathname.replace(/\/+$/, '');
}

/** Source of the schemes: client-go `tools/clientcmd/helpers.go`. The URL may hold a password. */
function proxyUrlOf({ name, proxyUrl }: Cluster): string | undefined {
  if (!proxyUrl) return undefined;
  try {
    if (!/^(https?|socks5):\/\//i.test(proxyUrl)) throw new Error('is not an http, https or socks5 URL');
    parseProxyUrl(proxyUrl.replace(/^socks5:/i, 'http:'));
    return new URL(proxyUrl).href;
  } catch (error) {
    throw createError(
      'ECRPS_CONFIGURATION_INVALID',
      `the kubeconfig's cluster "${name}": proxy-url ${describeError(error)}; for example proxy-url: http://proxy.example.com:3128`,
    );
  }
}

function authorizationOf(headers: RequestOptions['headers']): string | undefined {
  if (!headers || Array.isArray(headers)) return undefined;
  const value = 'Authorization' in headers ? headers['Authorization'] : undefined;
  return typeof value === 'string' ? value.trim() : undefined;
}
