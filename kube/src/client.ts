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
import { createWriteDeadlines, WRITE_LIMITS, type WriteLimits } from './write-deadline.ts';
import { readJson } from './read-json.ts';
import { withTimeout } from '@ecr-pull-secrets/shared/runtime/with-timeout.ts';

/** Server-side apply; the body may be JSON, which is YAML. */
export const APPLY_PATCH = 'application/apply-patch+yaml';

/** Asks for an object's metadata alone, so that no secret's data reaches this process but by a read of one secret. */
export const METADATA_ONLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

/** The same for a list. */
export const METADATA_LIST_ONLY =
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** A question that takes longer is given up: API servers answer those in milliseconds or not at all. */
const READ_TIMEOUT_MS = 15_000;

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute path, for instance `/api/v1/namespaces`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** `application/json` unless told. */
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal;
  /**
   * How long the whole answer may take, connection and all; of a streamed one, each step to its begin. If absent,
   * questions have 15 s and writes as long as the API server may need (`WRITE_LIMITS`).
   */
  readonly timeoutMs?: number;
  /** How long a streamed answer may be silent; `timeoutMs` unless told. */
  readonly silenceMs?: number;
  /** What is read of the answer; everything if absent. */
  readonly select?: Selection;
  /** How many bytes the answer may have; `LARGEST_OBJECT_BYTES` if absent. A streamed answer has no limit. */
  readonly maxBytes?: number;
}

/** A request of which only a part of the answer is kept. */
export interface ReducedRequest<T> extends KubeRequest {
  /** Makes a value of the answer; what it does not keep is garbage at once. */
  readonly parse: (bytes: Buffer) => T;
}

/** The API server, one connection pool, nothing cached. */
export interface KubeClient {
  /**
   * One request and its JSON answer; never retried here.
   *
   * @throws ECRPS_KUBERNETES_REQUEST_FAILED (an ApiError), ECRPS_KUBERNETES_UNREACHABLE,
   *   ECRPS_KUBERNETES_TIMEOUT if a write gets no answer while others do, or ECRPS_KUBERNETES_ANSWER_TOO_LARGE
   */
  request<T>(request: KubeRequest | ReducedRequest<T>): Promise<T>;
  /**
   * A streamed answer, for watches and logs.
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
  /** Direct unless given. */
  readonly proxyRule?: ProxyRule;
  /** `WRITE_LIMITS` unless given; for tests. */
  readonly writeLimits?: WriteLimits;
}

export function createKubeClient({
  credentials,
  userAgent,
  proxyRule = () => undefined,
  writeLimits: limits = WRITE_LIMITS,
}: KubeClientOptions): KubeClient {
  const pool = createPool();
  const answers = createResponseReader();
  const patience = createWriteDeadlines({ limits, probe, clock: systemClock });

  /** As a rule anyone may read it (`system:public-info-viewer`), and a refusal is an answer too. */
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
    const timeoutMs = stepLimitOf(request, limits);
    try {
      request.signal?.throwIfAborted();
      // An exec plugin or an identity provider may never answer.
      const current = await unlessAborted(credentials(), request.signal);
      const url = new URL(current.server + request.path);
      for (const [name, value] of Object.entries(request.query ?? {})) {
        if (value !== undefined) url.searchParams.set(name, String(value));
      }
      const proxyUrl = current.proxyUrl ?? proxyRule(url);
      const response = pool.dispatcherFor(current.tls, proxyUrl).request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method,
        headers: headersOf(request, current.authorization, userAgent),
        body: request.body === undefined ? null : JSON.stringify(request.body),
        headersTimeout: timeoutMs,
        bodyTimeout: request.silenceMs ?? timeoutMs,
        signal: request.signal ?? null,
      });
      // undici heeds a signal only once it is connected, which may take as long as a connection may:
      // nobody who stops waits for that. It drops the request by itself then.
      const answer = await unlessAborted(response, request.signal);
      patience.answered();
      return answer;
    } catch (error) {
      throw withoutAnswer(action, error);
    }
  }

  async function checked(request: KubeRequest): Promise<Dispatcher.ResponseData> {
    const response = await send(request);
    if (response.statusCode < 300) return response;
    const retryAfter = response.headers['retry-after'];
    const action = `${request.method} ${request.path}`;
    const { signal } = request;
    const refusal = { action, maxBytes: LARGEST_OBJECT_BYTES, parse: String, signal };
    throw createApiError(action, {
      status: response.statusCode,
      retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
      text: await answers.read(response.body, refusal).catch(() => ''),
    });
  }

  return {
    request: <T>(request: KubeRequest | ReducedRequest<T>) => {
      const ms = request.timeoutMs ?? READ_TIMEOUT_MS;
      const timeUp = (): Error => new Error(`no whole answer within ${ms} ms`);
      const ask = async (signal: AbortSignal): Promise<T> => {
        const { body } = await checked({ ...request, signal });
        const action = `reading the answer to ${request.method} ${request.path}`;
        const { maxBytes = LARGEST_OBJECT_BYTES, select } = request;
        // The API server's schema is the contract; callers name the part of it that they read.
        const parse =
          'parse' in request ? request.parse : (bytes: Buffer): T => readJson(bytes, select);
        try {
          return await answers.read(body, { action, maxBytes, parse, signal });
        } catch (error) {
          if (isCodedError(error, 'ECRPS_KUBERNETES_ANSWER_TOO_LARGE')) throw error;
          throw createError('ECRPS_KUBERNETES_UNREACHABLE', action, withoutSnippet(error));
        }
      };
      const { signal } = request;
      if (isPatient(request)) return patience.wait(signal, ask);
      // undici limits each step, not their sum: a body that trickles would take for ever.
      return withTimeout({ clock: systemClock, ms, signal, timeUp }, ask);
    },
    stream: async (request) => {
      const { body } = await checked(request);
      return withCodedErrors(body, `reading the answer to ${request.method} ${request.path}`);
    },
    close: () => pool.close(),
  };
}

/** A patient write is ended by its `patience`, which has the reason. */
function stepLimitOf(request: KubeRequest, { longestMs }: WriteLimits): number {
  return request.timeoutMs ?? (isPatient(request) ? 2 * longestMs : READ_TIMEOUT_MS);
}

function withoutAnswer(action: string, error: unknown): Error {
  const isLate = isCodedError(error, 'ECRPS_KUBERNETES_TIMEOUT');
  return createError(isLate ? error.code : 'ECRPS_KUBERNETES_UNREACHABLE', action, error);
}

/** Whether the admission webhooks of others may delay the answer, and the caller sets no limit. */
function isPatient({ method, timeoutMs }: KubeRequest): boolean {
  return method !== 'GET' && timeoutMs === undefined;
}

async function* withCodedErrors(
  body: AsyncIterable<Uint8Array>,
  action: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw createError('ECRPS_KUBERNETES_UNREACHABLE', action, error);
  }
}

/** JSON.parse quotes the text that it could not read, which may be a secret. */
function withoutSnippet(error: unknown): unknown {
  return error instanceof SyntaxError ? new SyntaxError('the answer is not JSON') : error;
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
 * One undici dispatcher for all requests, made anew only when the TLS material changes (a rotated
 * CA) or the way to the server. client-node makes one per request, which costs a TLS handshake each
 * time.
 */
function createPool(): {
  dispatcherFor(tls: KubeCredentials['tls'], proxyUrl: string | undefined): Dispatcher;
  close(): Promise<void>;
} {
  let key = '';
  let dispatcher: Dispatcher | undefined;
  return {
    dispatcherFor: (tls, proxyUrl) => {
      const wanted = JSON.stringify([tls, proxyUrl]);
      if (dispatcher && wanted === key) return dispatcher;
      // Requests on the old one end by themselves; close() waits for them.
      void dispatcher?.close();
      key = wanted;
      dispatcher = createApiServerDispatcher(tls, proxyUrl);
      return dispatcher;
    },
    close: async () => {
      await dispatcher?.destroy();
    },
  };
}
