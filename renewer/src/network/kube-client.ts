import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { RenewerConfiguration } from '../config/configuration.ts';
import { createKubeClient, type KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import type { CredentialSource } from '@ecr-pull-secrets/kube/credentials.ts';
import { inClusterCredentials } from '@ecr-pull-secrets/kube/in-cluster-credentials.ts';
import { createProxyRule } from '@ecr-pull-secrets/kube/network/proxy-rule.ts';

/**
 * A client for the API server of the configuration.
 *
 * @param command - part of the User-Agent, for the audit log
 * @throws ECRPS_CONFIGURATION_INVALID if a kubeconfig is needed and there is none
 */
export async function createConfiguredKubeClient(
  dependencies: { readonly clock: Clock },
  { apiServer, proxies }: Pick<RenewerConfiguration, 'apiServer' | 'proxies'>,
  command: string,
): Promise<KubeClient> {
  return createKubeClient({
    credentials: await credentialsOf(dependencies, apiServer),
    userAgent: `${PRODUCT_NAME}/${command}`,
    proxyRule: createProxyRule(proxies),
  });
}

/** In the cluster nothing of kubeconfigs is loaded, because client-node takes more than 10 MiB of memory. */
async function credentialsOf(
  dependencies: { readonly clock: Clock },
  apiServer: RenewerConfiguration['apiServer'],
): Promise<CredentialSource> {
  if (!('kubeconfigs' in apiServer)) return inClusterCredentials(dependencies, apiServer);
  const { fileCredentials } = await import('@ecr-pull-secrets/kube/credentials.ts');
  return fileCredentials(...apiServer.kubeconfigs);
}
