import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { RenewerConfiguration } from '../config/configuration.ts';
import { createKubeClient, type KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { fileCredentials, inClusterCredentials } from '@ecr-pull-secrets/kube/credentials.ts';
import { createProxyRule } from '@ecr-pull-secrets/kube/network/proxy-rule.ts';

/**
 * A client for the API server of the configuration.
 *
 * @param command - part of the User-Agent, for the audit log
 * @throws ECRPS_CONFIGURATION_INVALID if a kubeconfig is needed and there is none
 */
export function createConfiguredKubeClient(
  { apiServer, proxies }: Pick<RenewerConfiguration, 'apiServer' | 'proxies'>,
  command: string,
): KubeClient {
  const credentials =
    'kubeconfigs' in apiServer ? fileCredentials(...apiServer.kubeconfigs) : inClusterCredentials(apiServer);
  return createKubeClient({
    credentials,
    userAgent: `${PRODUCT_NAME}/${command}`,
    proxyRule: createProxyRule(proxies),
  });
}
