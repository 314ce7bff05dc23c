import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { CONNECT_TIMEOUT_MS, limitAddressAttempts } from '@ecr-pull-secrets/kube/network/connect-limits.ts';
import { createProxyRule, type ProxySettings } from '@ecr-pull-secrets/kube/network/proxy-rule.ts';

/** What the SDK's clients take as `requestHandler`. */
export type AwsRequestHandler = Pick<
  NodeHttpHandler,
  'metadata' | 'handle' | 'updateHttpClientConfig' | 'httpHandlerConfigs' | 'destroy'
>;

export interface AwsTimeouts {
  /** Until a connection is established, with the tunnel through a proxy and its TLS handshake. */
  readonly connectionTimeout: number;
  /** Until the answer begins. */
  readonly requestTimeout: number;
}

/** The SDK waits forever by default, and its requestTimeout only warns without `throwOnRequestTimeout`. */
const DEFAULT_TIMEOUTS: AwsTimeouts = {
  connectionTimeout: CONNECT_TIMEOUT_MS,
  requestTimeout: 10_000,
};

/** The SDK's own default. */
const MAX_SOCKETS = 50;

/**
 * Sends the SDK's requests, through a proxy if the settings say so: the SDK reads no proxy variables. All clients, also
 * those that fetch credentials, share one handler and so its connections. For the instance's metadata and EKS Pod
 * Identity the SDK has handlers of its own, which use no proxy.
 *
 * The tunnel is Node's (`proxyEnv` of http.Agent, Node 24.5). Its NO_PROXY has no ranges, so the rule is ours, and
 * Node's agents get only requests that use the proxy. Its errors name the proxy without credentials.
 */
export function createAwsRequestHandler(
  settings: ProxySettings,
  timeouts: AwsTimeouts = DEFAULT_TIMEOUTS,
): AwsRequestHandler {
  limitAddressAttempts();
  const options = { ...timeouts, throwOnRequestTimeout: true };
  const direct = new NodeHttpHandler(options);
  if (!settings.httpsProxy && !settings.httpProxy) return direct;

  const proxied = new NodeHttpHandler({ ...options, ...proxyAgents(settings) });
  const ruleOf = createProxyRule(settings);
  return {
    metadata: direct.metadata,
    handle: (request, handlerOptions) => {
      const { protocol, hostname, port } = request;
      const address = new URL(`${protocol}//${hostname}${port ? `:${port}` : ''}`);
      return (ruleOf(address) ? proxied : direct).handle(request, handlerOptions);
    },
    updateHttpClientConfig: (key, value) => {
      direct.updateHttpClientConfig(key, value);
      proxied.updateHttpClientConfig(key, value);
    },
    httpHandlerConfigs: () => direct.httpHandlerConfigs(),
    destroy: () => {
      direct.destroy();
      proxied.destroy();
    },
  };
}

function proxyAgents({ httpProxy, httpsProxy }: ProxySettings) {
  const options = { keepAlive: true, maxSockets: MAX_SOCKETS };
  return {
    httpAgent: new HttpAgent({ ...options, proxyEnv: { HTTP_PROXY: httpProxy } }),
    httpsAgent: new HttpsAgent({ ...options, proxyEnv: { HTTPS_PROXY: httpsProxy } }),
  };
}
