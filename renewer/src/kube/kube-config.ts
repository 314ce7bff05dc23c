import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RequestOptions } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { KubeConfig } from '@kubernetes/client-node';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';

/** Where the API server is and how to be let in; asked before each request, since tokens change. */
export interface KubeCredentials {
  readonly server: string;
  readonly authorization: string | undefined;
  readonly tls: Pick<SecureContextOptions, 'ca' | 'cert' | 'key'> & {
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
}

export type CredentialSource = () => Promise<KubeCredentials>;

/** The API server's address as kubelet puts it into each container's environment. */
export interface InClusterAddress {
  readonly host: string;
  readonly port: number;
  /** Folder of `token` and `ca.crt`, both replaced by kubelet from time to time. */
  readonly serviceAccountDir: string;
}

/**
 * Credentials of the pod's ServiceAccount. client-node's own in-cluster loader has a fixed path; ours
 * is projected where the chart says. The token file is read again when older than a minute.
 */
export function inClusterCredentials({
  host,
  port,
  serviceAccountDir,
}: InClusterAddress): CredentialSource {
  const config = new KubeConfig();
  const name = 'in-cluster';
  const address = host.includes(':') ? `[${host}]` : host;
  config.loadFromClusterAndUser(
    {
      name,
      server: `https://${address}:${port}`,
      caFile: join(serviceAccountDir, 'ca.crt'),
      skipTLSVerify: false,
    },
    {
      name,
      authProvider: {
        name: 'tokenFile',
        config: { tokenFile: join(serviceAccountDir, 'token') },
      },
    },
  );
  return credentialsOf(config);
}

/**
 * Credentials of a kubeconfig file, exec plugins and client certificates included.
 *
 * @throws ECRPS_CONFIGURATION_INVALID where the file is missing or no kubeconfig
 */
export function fileCredentials(path: string): CredentialSource {
  if (!existsSync(path)) {
    throw createError('ECRPS_CONFIGURATION_INVALID', `there is no kubeconfig at ${path}`);
  }
  const config = new KubeConfig();
  try {
    config.loadFromFile(path);
  } catch (error) {
    throw createError('ECRPS_CONFIGURATION_INVALID', `reading the kubeconfig ${path}`, error);
  }
  return credentialsOf(config);
}

function credentialsOf(config: KubeConfig): CredentialSource {
  return async () => {
    const server = config.getCurrentCluster()?.server;
    if (!server) {
      throw createError('ECRPS_CONFIGURATION_INVALID', 'the kubeconfig names no current cluster');
    }
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const { ca, cert, key, servername, rejectUnauthorized, headers } = options;
    return {
      server,
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

function authorizationOf(headers: RequestOptions['headers']): string | undefined {
  if (!headers || Array.isArray(headers)) return undefined;
  const value = 'Authorization' in headers ? headers['Authorization'] : undefined;
  return typeof value === 'string' ? value.trim() : undefined;
}
