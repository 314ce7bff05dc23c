import type { Dispatcher } from 'undici';
import { createApiServerDispatcher } from '../dispatcher.ts';
import { createProxyRule, type ProxySettings } from './proxy-rule.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { unlessAborted } from '@ecr-pull-secrets/shared/runtime/unless-aborted.ts';
import { withTimeout } from '@ecr-pull-secrets/shared/runtime/with-timeout.ts';

/** What is read of a response. */
export interface HttpsResponse {
  readonly status: number;
  /** An absolute URL, if the response is a redirect. */
  readonly location: URL | undefined;
  /** The challenge of a 401. */
  readonly challenge: string;
  /** The beginning of the body. */
  readonly body: Buffer;
}

export interface HttpsRequest {
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body is read up to this number of bytes, and then the connection is closed. */
  readonly maxBytes: number;
}

export interface HttpsGetter {
  /** @throws what the connection failed with, also after `timeoutMs`; never follows a redirect */
  get(request: HttpsRequest): Promise<HttpsResponse>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 15_000;

const HOST_PORT = /^[a-z0-9.-]+(:\d+)?$/i;

/**
 * The URL of a host, for a request with a credential; `undefined` if the text is not `host` or `host:port`. A URL reads
 * other characters, such as a backslash, as the end of a host, so the credential would go to another one.
 */
export function httpsUrlOf(hostPort: string): URL | undefined {
  const url = `https://${hostPort}`;
  return HOST_PORT.test(hostPort) && URL.canParse(url) ? new URL(url) : undefined;
}

/** Requests over HTTPS alone, through a proxy if the settings say so; further CAs come from NODE_EXTRA_CA_CERTS. */
export function createHttpsGetter(
  { clock }: { readonly clock: Clock },
  { proxies, timeoutMs = TIMEOUT_MS }: { readonly proxies: ProxySettings; readonly timeoutMs?: number },
): HttpsGetter {
  const ruleOf = createProxyRule(proxies);
  const dispatchers = new Map<string | undefined, Dispatcher>();
  const dispatcherFor = (proxyUrl: string | undefined): Dispatcher => {
    const dispatcher = dispatchers.get(proxyUrl) ?? createApiServerDispatcher({}, proxyUrl);
    dispatchers.set(proxyUrl, dispatcher);
    return dispatcher;
  };

  async function getWithin({ url, headers = {}, maxBytes }: HttpsRequest, signal: AbortSignal) {
    const sending = dispatcherFor(ruleOf(url)).request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal,
    });
    const response = await unlessAborted(sending, signal);
    const { location, 'www-authenticate': challenge = '' } = response.headers;
    return {
      status: response.statusCode,
      location:
        typeof location === 'string' && URL.canParse(location, url.href) ? new URL(location, url.href) : undefined,
      challenge: String(challenge),
      body: await readBeginning(response.body, maxBytes),
    };
  }

  return {
    get: (request) => {
      if (request.url.protocol !== 'https:') return Promise.reject(new Error('it is not an https address'));
      const timeUp = (): Error => new Error(`no response within ${timeoutMs} ms`);
      return withTimeout({ clock, ms: timeoutMs, signal: undefined, timeUp }, (signal) => getWithin(request, signal));
    },
    close: async () => {
      await Promise.all([...dispatchers.values()].map((dispatcher) => dispatcher.destroy()));
    },
  };
}

/** Leaving the loop closes the connection, so that the rest is not downloaded. */
async function readBeginning(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes >= maxBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}
