import { once } from 'node:events';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { IncomingMessage } from 'node:http';

/** Where an API server is, and the client's token. */
export interface ApiAccess {
  /** `https://<host>:<port>` */
  readonly serverUrl: string;
  /** The certificate that its serving certificate is checked against. */
  readonly caPem: string;
  readonly token: string;
}

export interface ApiRequestOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

export interface ApiResponse {
  readonly status: number;
  readonly body: string;
  /** What `kubectl` would show as warnings. */
  readonly warnings: readonly string[];
}

/** An answer takes milliseconds; a hung server must not hang its caller. */
const TIMEOUT_MS = 10_000;

/**
 * One plain request over a connection of its own, without the product's client, which is under test.
 * Any status is an answer.
 *
 * @throws if no answer comes in 10 s or the signal aborts
 */
export async function requestApi(
  { serverUrl, caPem, token }: ApiAccess,
  path: string,
  { method = 'GET', body, signal }: ApiRequestOptions = {},
): Promise<ApiResponse> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const sent = request(new URL(path, serverUrl), {
    method,
    agent: false,
    ca: caPem,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  });
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = await once(sent, 'response');
  if (!(response instanceof IncomingMessage)) throw new TypeError('no HTTP response');
  return {
    status: response.statusCode ?? 0,
    body: await text(response),
    warnings: response.headersDistinct['warning'] ?? [],
  };
}
