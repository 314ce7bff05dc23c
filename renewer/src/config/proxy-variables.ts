import { parsedBy } from '@ecr-pull-secrets/shared/configuration.ts';
import * as z from 'zod';
import { parseProxyUrl, type ProxySettings } from '@ecr-pull-secrets/kube/network/proxy-rule.ts';

const PROXY_EXAMPLE = 'http://user:password@proxy.example.com:3128';
const NO_PROXY_EXAMPLE = '10.0.0.0/8,.svc,.cluster.local';

/** The usual variables, in both spellings. */
export const proxyVariables = {
  HTTPS_PROXY: proxy(
    'Proxy for AWS and the API server, and every other `https:` address. The proxy itself is reached by http or https.',
  ),
  https_proxy: proxy('Used if `HTTPS_PROXY` is not set.'),
  HTTP_PROXY: proxy('Proxy for `http:` addresses. Only a custom AWS endpoint can have one.'),
  http_proxy: proxy('Used if `HTTP_PROXY` is not set.'),
  NO_PROXY: noProxy(
    'Destinations without a proxy: names with their subdomains, `.names` for the subdomains only, addresses, CIDR ranges, each except ranges with an optional `:port`, or `*`. Add the API server’s address, unless the proxy reaches it. The local host and link-local addresses (instance metadata, EKS Pod Identity) never use a proxy.',
  ),
  no_proxy: noProxy('Used if `NO_PROXY` is not set.'),
};

/** Upper case first, as Go has it. */
export function proxySettingsOf(variables: z.output<z.ZodObject<typeof proxyVariables>>): ProxySettings {
  return Object.freeze({
    httpsProxy: variables.HTTPS_PROXY ?? variables.https_proxy,
    httpProxy: variables.HTTP_PROXY ?? variables.http_proxy,
    noProxy: variables.NO_PROXY ?? variables.no_proxy,
  });
}

function proxy(description: string) {
  return parsedBy(parseProxyUrl).optional().meta({ description, example: PROXY_EXAMPLE, secret: true });
}

function noProxy(description: string) {
  return z.string().optional().meta({ description, example: NO_PROXY_EXAMPLE });
}
