import type { Dispatcher } from 'undici';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createError, isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import type { Selection } from '@ecr-pull-secrets/shared/json/select-json.ts';
import type { ProxyRule } from './network/proxy-rule.ts';
import { unlessAborted } from '@ecr-pull-secrets/shared/runtime/unless-aborted.ts';
import { createResponseReader, LARGEST_OBJECT_BYTES } from './response-reader.ts';
import { createApiError } from './api-error.ts';
import { createApiServerDispatcher } from './dispatcher.ts';
import type { CredentialSource, KubeCredentials } from './credentials.ts';
import { createWriteDeadlines, WRITE_LIMITS, type WriteLimits } from './pacing/write-deadlines.ts';
import { readJson } from './read-json.ts';
import { withTimeout } from '@ecr-pull-secrets/shared/runtime/with-timeout.ts';

/** Server-side apply; the body may be JSON, which is YAML. */
export const APPLY_PATCH = 'application/apply-patch+yaml';

/** Requests an object's metadata alone, so that no secret's data reaches this process except by a read of one secret. */
export const METADATA_ONLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

/** The same for a list. */
export const METADATA_LIST_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** A read that takes longer is given up: API servers respond to reads in milliseconds or not at all. */
const READ_TIMEOUT_MS = 15_000;

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute path, for instance `/api/v1/namespaces`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** `application/json` if absent. */
  readonly contentType?: string;
  readonly accept?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * How long the whole response may take, the connection included; of a streamed one, each step until it begins. If
   * absent, reads have 15 s and writes as long as the API server may need (`WRITE_LIMITS`).
   */
  readonly timeoutMs?: number;
  /** How long a streamed response may be silent; `timeoutMs` if absent. */
  readonly silenceMs?: number;
  /** What is read of the response; everything if absent. */
  readonly select?: Selection;
  /** How many bytes the response may have; `LARGEST_OBJECT_BYTES` if absent. A streamed response has no limit. */
  readonly maxBytes?: number;
}

/** A request that keeps only a part of the response. */
export interface ReducedRequest<T> extends KubeRequest {
  /** Makes a value of the response; what it does not keep is garbage at once. */
  readonly parse: (bytes: Buffer) => T;
}

/** The API server, one connection pool, nothing cached. */
export interface KubeClient {
  /**
   * One request and its JSON response; never retried here.
   *
   * @throws ECRPS_KUBERNETES_REQUEST_FAILED (an ApiError), ECRPS_KUBERNETES_UNREACHABLE,
   *   ECRPS_KUBERNETES_TIMEOUT if a write gets no response while other requests do, or
   *   ECRPS_KUBERNETES_ANSWER_TOO_LARGE
   */
  request<T>(request: KubeRequest | ReducedRequest<T>): Promise<T>;
  /**
   * A streamed response, for watches and logs.
   *
   * @throws as `request`, and ECRPS_KUBERNETES_UNREACHABLE from the stream when it breaks
   */
  stream(request: KubeRequest): Promise<AsyncIterable<Uint8Array>>;
  close(): Promise<void>;
}

export interface KubeClientOptions {
  readonly credentials: CredentialSource;
  /** Sent as User-Agent, which shows in the audit log. */
  readonly userAgent: string;
  /** No proxy if absent. */
  readonly proxyRule?: ProxyRule;
  /** `WRITE_LIMITS` if absent; for tests. */
  readonly writeLimits?: WriteLimits;
}

export function createKubeClient({
  credentials,
  userAgent,
  proxyRule = () => undefined,
  writeLimits = WRITE_LIMITS,
}: KubeClientOptions): KubeClient {
  const pool = createPool();
  const responses = createResponseReader();
  const writeDeadlines = createWriteDeadlines({ probe, clock: systemClock }, writeLimits);

  /** As a rule anyone may read /livez (`system:public-info-viewer`), and a 403 is a response too. */
  async function probe(signal: AbortSignal): Promise<boolean> {
    try {
      const { body } = await send({ method: 'GET', path: '/livez', signal });
      await body.dump();
      return true;
    } catch {
      return false;
    }
  }

  async function send(request: KubeRequest): Promise<Dispatcher.ResponseData> {
    const action = `${request.method} ${request.path}`;
    const timeoutMs = stepTimeoutMsOf(request, writeLimits);
    try {
      request.signal?.throwIfAborted();
      // An exec plugin or an identity provider may hang.
      const current = await unlessAborted(credentials(), request.signal);
      const url = new URL(current.server + request.path);
      for (const [name, value] of Object.entries(request.query ?? {})) {
        if (value !== undefined) url.searchParams.set(name, String(value));
      }
      const proxyUrl = current.proxyUrl ?? proxyRule(url);
      const sending = pool.dispatcherFor(current.tls, proxyUrl).request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method,
        headers: headersOf(request, current.authorization, userAgent),
        body: request.body === undefined ? null : JSON.stringify(request.body),
        headersTimeout: timeoutMs,
        bodyTimeout: request.silenceMs ?? timeoutMs,
        signal: request.signal ?? null,
      });
      // undici heeds a signal only once it is connected, and a stop must not wait for a connection. undici drops the
      // request by itself then.
      const response = await unlessAborted(sending, request.signal);
      writeDeadlines.responded();
      return response;
    } catch (error) {
      const isTimeout = isCodedError(error, 'ECRPS_KUBERNETES_TIMEOUT');
      throw createError(isTimeout ? error.code : 'ECRPS_KUBERNETES_UNREACHABLE', action, error);
    }
  }

  /** @throws an ApiError unless the status is a success */
  async function sendChecked(request: KubeRequest): Promise<Dispatcher.ResponseData> {
    const response = await send(request);
    if (response.statusCode < 300) return response;
    const retryAfter = response.headers['retry-after'];
    const action = `${request.method} ${request.path}`;
    const { signal } = request;
    const reading = { action, maxBytes: LARGEST_OBJECT_BYTES, parse: String, signal };
    throw createApiError(action, {
      status: response.statusCode,
      retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
      text: await responses.read(response.body, reading).catch(() => ''),
    });
  }

  return {
    request: <T>(request: KubeRequest | ReducedRequest<T>) => {
      const ms = request.timeoutMs ?? READ_TIMEOUT_MS;
      const timeUp = (): Error => new Error(`no complete response within ${ms} ms`);
      const sendAndRead = async (signal: AbortSignal): Promise<T> => {
        const { body } = await sendChecked({ ...request, signal });
        const action = `reading the response to ${request.method} ${request.path}`;
        const { maxBytes = LARGEST_OBJECT_BYTES, select } = request;
        // The API server's schema is the contract; callers name the part of it that they read.
        const parse = 'parse' in request ? request.parse : (bytes: Buffer): T => readJson(bytes, select);
        try {
          return await responses.read(body, { action, maxBytes, parse, signal });
        } catch (error) {
          if (isCodedError(error, 'ECRPS_KUBERNETES_ANSWER_TOO_LARGE')) throw error;
          throw createError('ECRPS_KUBERNETES_UNREACHABLE', action, withoutSnippet(error));
        }
      };
      const { signal } = request;
      if (hasWriteDeadline(request)) return writeDeadlines.run(signal, sendAndRead);
      // undici limits each step, not their sum: a body that trickles would never end.
      return withTimeout({ clock: systemClock, ms, signal, timeUp }, sendAndRead);
    },
    stream: async (request) => {
      const { body } = await sendChecked(request);
      return withCodedErrors(body, `reading the response to ${request.method} ${request.path}`);
    },
    close: () => pool.close(),
  };
}

/** `createWriteDeadlines` ends a write without a timeout of its own, and gives the reason. */
function stepTimeoutMsOf(request: KubeRequest, { longestMs }: WriteLimits): number {
  return request.timeoutMs ?? (hasWriteDeadline(request) ? 2 * longestMs : READ_TIMEOUT_MS);
}

/** Whether admission webhooks may delay the response, and the caller sets no timeout. */
function hasWriteDeadline({ method, timeoutMs }: KubeRequest): boolean {
  return method !== 'GET' && timeoutMs === undefined;
}

async function* withCodedErrors(body: AsyncIterable<Uint8Array>, action: string): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw createError('ECRPS_KUBERNETES_UNREACHABLE', action, error);
  }
}

/** JSON.parse quotes the text that it could not read, which may be a secret. */
function withoutSnippet(error: unknown): unknown {
  return error instanceof SyntaxError ? new SyntaxError('the response is not JSON') : error;
}

function headersOf(
  { accept, body, contentType }: KubeRequest,
  authorization: string | undefined,
  userAgent: string,
): Record<string, string> {
  return {
    accept: accept ?? 'application/json',
    'user-agent': userAgent,
    ...(authorization ? { authorization } : {}),
    ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
  };
}

/**
 * One undici dispatcher for all requests, replaced only if the TLS material changes (a rotated CA) or the proxy.
 * client-node creates one per request, which costs a TLS handshake each time.
 */
function createPool() {
  let last:
    | (Pick<KubeCredentials, 'tls'> & { readonly proxyUrl: string | undefined; readonly key: string })
    | undefined;
  let dispatcher: Dispatcher | undefined;
  return {
    dispatcherFor: (tls: KubeCredentials['tls'], proxyUrl: string | undefined): Dispatcher => {
      // In the cluster it is the same object for a minute. The key takes as much CPU as the rest of a request.
      if (dispatcher && last?.tls === tls && last.proxyUrl === proxyUrl) return dispatcher;
      const key = JSON.stringify([tls, proxyUrl]);
      const isSame = key === last?.key;
      last = { tls, proxyUrl, key };
      if (dispatcher && isSame) return dispatcher;
      // Requests on the old one end by themselves; close() waits for them.
      void dispatcher?.close();
      dispatcher = createApiServerDispatcher(tls, proxyUrl);
      return dispatcher;
    },
    close: async (): Promise<void> => {
      await dispatcher?.destroy();
    },
  };
}
