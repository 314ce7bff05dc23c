import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { limitConnections } from './connection-limit.ts';
import { listen } from './listen.ts';
import type { MetricsRegistry } from '../metrics.ts';
import { limitOpenRequests } from './request-limit.ts';
import { WITHOUT_SCHEMAS } from './without-schemas.ts';

/** The answer to a probe: healthy, or the reason why not. */
export type Health = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export const HEALTHY: Health = Object.freeze({ ok: true });

interface OpsServerDependencies {
  readonly metrics: MetricsRegistry;
  /** Called for each `/readyz`; must answer from memory. */
  readonly ready: () => Health;
}

/** A probe sends its head at once, and waits for the answer for seconds. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Prometheus scrapes once a minute by default (`scrape_interval`), over a connection that it keeps open. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/**
 * Probes and a few scrapers need one connection each. The rest is reserve against a flood: while 5,000 connections a
 * second are opened, a new one stays open for 100 ms without a request. At 25 KiB each, 12 MiB.
 */
const MAX_CONNECTIONS = 500;

/**
 * The plain-HTTP server for probes and Prometheus: `/livez`, `/readyz`, `/metrics`.
 * Liveness shows only that the event loop runs: nothing outside the process may cause a restart.
 *
 * Anyone may connect, so only the head of a GET or HEAD request is read: a request with a body or another
 * method is answered at once with 405, and its connection is closed.
 */
export async function startOpsServer(
  { metrics, ready }: OpsServerDependencies,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<FastifyInstance> {
  const app = fastify({
    ...WITHOUT_SCHEMAS,
    http: {
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: REQUEST_TIMEOUT_MS / 4,
    },
    logger: false,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Without it `close` waits for connections that have not had a request yet, for as long as their peer wants.
    forceCloseConnections: true,
  });
  limitConnections(app.server, MAX_CONNECTIONS);
  limitOpenRequests(app.server);

  app.addHook('onRequest', (request, reply, next) => {
    if (isReading(request)) return next();
    reply.code(405).headers({ allow: 'GET, HEAD', connection: 'close' });
    reply.send('only GET and HEAD without a body are accepted\n');
  });

  app.setNotFoundHandler((_request, reply) => {
    reply.code(404).header('connection', 'close');
    reply.send('not found; use /livez, /readyz or /metrics\n');
  });

  app.get('/livez', () => 'ok\n');

  app.get('/readyz', (_request, reply) => {
    const health = ready();
    return health.ok ? reply.send('ok\n') : reply.code(503).send(`${health.reason}\n`);
  });

  // One text for all requests that arrive while it is generated.
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
