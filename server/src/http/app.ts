import type { Server } from 'node:https';
import { limitConnections } from '@ecr-pull-secrets/shared/http/connection-limit.ts';
import { limitOpenRequests } from '@ecr-pull-secrets/shared/http/request-limit.ts';
import { WITHOUT_SCHEMAS } from '@ecr-pull-secrets/shared/http/without-schemas.ts';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { ReviewHandler } from '../admission/review-handler.ts';
import type { WebhookMetrics } from '../metrics.ts';
import { type AnswersDependencies, createAnswers } from './answers.ts';
import { addMutateRoute } from './mutate-route.ts';
import { NOT_FOUND, type Rejection, rejectionOfHead } from './rejection.ts';

/**
 * How long clients may be silent or slow.
 *
 * The keep-alive timeout is longer than the 90 s after which the API
 * server closes an idle connection (apimachinery `util/net/http.go`, `IdleConnTimeout`). If we closed
 * first, a request in flight at that moment would fail, and Go does not repeat a POST.
 *
 * The timeouts for headers and for a whole request must be as long: on a connection that has had no
 * request yet Node counts them from the handshake, and Go keeps such spare connections after a burst.
 */
const TIMEOUTS = {
  /** Until the next request on a connection. */
  keepAliveMs: 120_000,
  /**
   * For the whole of a request, from its first byte or, for the first one, from the handshake. Node checks every
   * quarter of it.
   */
  requestMs: 120_000,
  // As in Go's client (`TLSHandshakeTimeout`).
  handshakeMs: 10_000,
};

/**
 * An API server makes up to 200 changes at once (`--max-mutating-requests-inflight`), each on a connection
 * of its own: enough for five API servers, and one sixth for other clients. A TLS connection takes 64 KiB, or 115 KiB
 * after much was sent over it: 77 to 135 MiB.
 */
const MAX_CONNECTIONS = 1_200;

/** Fastify over HTTPS. */
export type WebhookApp = FastifyInstance<Server>;

export interface WebhookAppDependencies extends AnswersDependencies {
  readonly handleReview: ReviewHandler;
  readonly metrics: WebhookMetrics;
}

/** What differs in tests. */
export interface WebhookAppSettings {
  readonly timeouts?: Readonly<typeof TIMEOUTS>;
  readonly bodyBudgetBytes?: number;
}

/**
 * The webhook's server: `POST /mutate` takes an AdmissionReview; any other request is rejected with a
 * sentence that gives the reason. HTTP/1.1 only, which is what the API server speaks to webhooks
 * (apiserver `util/webhook/client.go`).
 *
 * It has no certificate yet: `setSecureContext` sets one before it listens.
 */
export function createWebhookApp(
  { handleReview, metrics, logger, isDraining }: WebhookAppDependencies,
  { timeouts = TIMEOUTS, bodyBudgetBytes }: WebhookAppSettings = {},
): WebhookApp {
  const answers = createAnswers({ metrics, logger, isDraining });
  function reject(reply: FastifyReply, rejection: Rejection): void {
    reply.hijack();
    answers.reject(reply.raw, rejection);
  }

  const app = fastify({
    ...WITHOUT_SCHEMAS,
    https: {
      handshakeTimeout: timeouts.handshakeMs,
      headersTimeout: timeouts.requestMs,
      connectionsCheckingInterval: timeouts.requestMs / 4,
    },
    // Request logs would add nothing to the metrics, and cost up to a tenth of the throughput.
    logger: false,
    keepAliveTimeout: timeouts.keepAliveMs,
    requestTimeout: timeouts.requestMs,
    // Fastify's 503 would be a failed call; requests that still arrive on open connections are answered.
    return503OnClosing: false,
    frameworkErrors: (_error, _request, reply) => reject(reply, NOT_FOUND),
  });

  limitConnections(app.server, MAX_CONNECTIONS);
  limitOpenRequests(app.server);

  // Hooks of the root and not of a plugin, which would not see requests that match no route.
  app.addHook('onRequest', (request, reply, next) => {
    const rejection = rejectionOfHead(request);
    if (rejection) return reject(reply, rejection);
    next();
  });

  app.setErrorHandler((error, _request, reply) => {
    reply.hijack();
    answers.failure(reply.raw, error);
  });

  addMutateRoute(app, { handleReview, metrics, answers }, bodyBudgetBytes);
  return app;
}
