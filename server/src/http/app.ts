import type { Server } from 'node:https';
import { limitConnections } from '@ecr-pull-secrets/shared/http/connection-limit.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import { limitOpenRequests } from '@ecr-pull-secrets/shared/http/request-limit.ts';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { WebhookMetrics } from '../metrics.ts';
import type { Mutator } from '../admission/mutate.ts';
import {
  BUSY,
  LENGTH_REQUIRED,
  MUTATE_PATH,
  NOT_FOUND,
  type Rejection,
  rejectionOfError,
  rejectionOfHead,
} from './rejection.ts';
import { type BodyReader, createBodyReader } from './request-body.ts';
import { readReviewFields } from '../admission/review-fields.ts';

/**
 * How long the server waits for a first or next request: longer than the 90 s after which the API
 * server drops an idle connection (apimachinery `util/net/http.go`, `IdleConnTimeout`). If we closed
 * first, a request under way at that moment would fail, and Go does not repeat a POST.
 *
 * The limits for headers and for a whole request must be as long: on a connection that has had no
 * request yet Node counts them from the handshake, and Go keeps such spare ones after a burst.
 */
const PATIENCE: Patience = Object.freeze({
  idleMs: 120_000,
  requestMs: 120_000,
  // As Go's client has it (`TLSHandshakeTimeout`).
  handshakeMs: 10_000,
});

/**
 * An API server makes up to 200 changes at once (`--max-mutating-requests-inflight`), each on a connection
 * of its own: enough for five of them, and a fifth for others. A TLS connection takes 64 KiB, or 115 KiB
 * once much was sent over it: 77 to 135 MiB.
 */
const MAX_CONNECTIONS = 1_200;

/** Fastify over HTTPS. */
export type WebhookApp = FastifyInstance<Server>;

export interface WebhookAppOptions {
  readonly mutate: Mutator;
  readonly metrics: WebhookMetrics;
  readonly logger: Logger;
  /** Whether clients are to look for another replica: answers then close their connection. */
  readonly isDraining: () => boolean;
  /** Reads bodies within the memory that they share. */
  readonly readBody?: BodyReader;
  /** How long clients may be silent or slow. */
  readonly patience?: Patience;
}

/** Node looks every quarter of `requestMs` for requests that take longer. */
export interface Patience {
  /** For the next request on a connection. */
  readonly idleMs: number;
  /** For the whole of a request, from its first byte or, for the first one, from the handshake. */
  readonly requestMs: number;
  readonly handshakeMs: number;
}

/**
 * The webhook's server: `POST /mutate` takes an AdmissionReview; anything else is refused with a
 * sentence that says why. HTTP/1.1 only, which is what the API server speaks to webhooks
 * (apiserver `util/webhook/client.go`).
 *
 * It has no certificate yet: `setSecureContext` gives it one before it listens.
 */
export function createWebhookApp(options: WebhookAppOptions): WebhookApp {
  const { mutate, metrics, logger, isDraining } = options;
  const { readBody = createBodyReader(), patience = PATIENCE } = options;
  const app = fastify({
    https: {
      handshakeTimeout: patience.handshakeMs,
      headersTimeout: patience.requestMs,
      connectionsCheckingInterval: patience.requestMs / 4,
    },
    // Request logs would tell nothing that the metrics do not, and cost up to a tenth of the throughput.
    logger: false,
    keepAliveTimeout: patience.idleMs,
    requestTimeout: patience.requestMs,
    // Its 503 would be a failed call; what still arrives on open connections is answered.
    return503OnClosing: false,
    frameworkErrors: (_error, _request, reply) => refuse(reply, NOT_FOUND),
  });

  limitConnections(app.server, MAX_CONNECTIONS);
  limitOpenRequests(app.server);

  // Fastify's own parsers build the whole document.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', (_request, payload, done) => done(null, payload));

  app.addHook('onRequest', (request, reply, next) => {
    const { method, url, headers } = request;
    if ('transfer-encoding' in headers) {
      // Or the rest would be parsed, to be thrown away.
      reply.header('connection', 'close');
      return refuse(reply, LENGTH_REQUIRED);
    }
    const refusal = rejectionOfHead({ method, url, contentType: headers['content-type'] });
    if (refusal) return refuse(reply, refusal);
    measure(reply);
    next();
  });

  // At the end of a request, which may have begun before the drain: a connection that is kept alive
  // then would keep the server from closing (fastify/fastify#7044).
  app.addHook('onSend', (_request, reply, payload, next) => {
    if (isDraining()) reply.header('connection', 'close');
    next(null, payload);
  });

  app.setErrorHandler((error, _request, reply) => {
    const refusal = rejectionOfError(error);
    if (refusal.status < 500) return refuse(reply, refusal);
    logger.error({ err: error }, 'request failed');
    metrics.requests.inc({ result: 'error' });
    send(reply, refusal);
  });

  app.post(MUTATE_PATH, (request) =>
    readBody(request.raw, (body) => mutate(readReviewFields(body))),
  );

  function refuse(reply: FastifyReply, refusal: Rejection): void {
    metrics.requests.inc({ result: refusal === BUSY ? 'busy' : 'refused' });
    send(reply, refusal);
  }

  function measure(reply: FastifyReply): void {
    const observe = metrics.durationSeconds.startTimer();
    metrics.inFlight.inc();
    // Unlike Fastify's `onResponse`, also when the client goes away.
    reply.raw.once('close', () => {
      metrics.inFlight.dec();
      observe();
    });
  }

  return app;
}

function send(reply: FastifyReply, { status, text, allow, retryAfter }: Rejection): void {
  if (allow) reply.header('allow', allow);
  if (retryAfter) reply.header('retry-after', retryAfter);
  void reply.code(status).type('text/plain; charset=utf-8').send(`${text}\n`);
}
