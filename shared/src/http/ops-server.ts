import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { limitConnections } from './connection-limit.ts';
import { listen } from './listen.ts';
import type { Registry } from '../metrics.ts';
import { limitOpenRequests } from './request-limit.ts';

/** An answer to a probe: fine, or the reason why not. */
export type Health = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export const HEALTHY: Health = Object.freeze({ ok: true });

export interface OpsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly metrics: Registry;
  /** Asked at each `/readyz`; must answer from memory. */
  readonly ready: () => Health;
}

/** A probe sends its head at once, and waits for the answer for seconds. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Prometheus scrapes once a minute by default (`scrape_interval`), over a connection that it keeps. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/**
 * Probes and a few scrapers need one each. The others give them time: while 5,000 connections a second are
 * made, a new one lasts 100 ms without a request. At 25 KiB each, 12 MiB.
 */
const MAX_CONNECTIONS = 500;

/**
 * The plain-HTTP server for probes and Prometheus: `/livez`, `/readyz`, `/metrics`.
 * Liveness only says that the event loop turns: nothing outside the process may get it restarted.
 *
 * Anyone may connect, so nothing is read but the head of a GET or HEAD request: what has a body or another
 * method is answered at once with 405, and its connection is closed.
 */
export async function startOpsServer(options: OpsServerOptions): Promise<FastifyInstance> {
  const { host, port, metrics, ready } = options;
  const app = fastify({
    http: {
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: REQUEST_TIMEOUT_MS / 4,
    },
    logger: false,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Else `close` waits for connections that have not had a request yet, as long as their peer likes.
    forceCloseConnections: true,
  });
  limitConnections(app.server, MAX_CONNECTIONS);
  limitOpenRequests(app.server);

  app.addHook('onRequest', (request, reply, next) => {
    if (isReading(request)) return next();
    reply.code(405).headers({ allow: 'GET, HEAD', connection: 'close' });
    reply.send('only GET and HEAD, without a body\n');
  });

  app.setNotFoundHandler((_request, reply) => {
    reply.code(404).header('connection', 'close');
    reply.send('nothing here; try /livez, /readyz or /metrics\n');
  });

  app.get('/livez', () => 'ok\n');

  app.get('/readyz', (_request, reply) => {
    const health = ready();
    return health.ok ? reply.send('ok\n') : reply.code(503).send(`${health.reason}\n`);
  });

  // One text for all requests that come while it is made.
  let metricsText: Promise<string> | undefined;
  app.get('/metrics', (_request, reply) => {
    reply.header('content-type', metrics.contentType);
    metricsText ??= metrics.metrics().finally(() => {
      metricsText = undefined;
    });
    return metricsText;
  });

  await listen(app, host, port);
  return app;
}

function isReading({ method, headers }: FastifyRequest): boolean {
  const hasBody = 'transfer-encoding' in headers || Number(headers['content-length'] ?? 0) > 0;
  return (method === 'GET' || method === 'HEAD') && !hasBody;
}
