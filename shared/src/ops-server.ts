import fastify, { type FastifyInstance } from 'fastify';
import { listen } from './listen.ts';
import type { Registry } from './metrics.ts';

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

/**
 * The plain-HTTP server for probes and Prometheus: `/livez`, `/readyz`, `/metrics`.
 * Liveness only says that the event loop turns: nothing outside the process may get it restarted.
 */
export async function startOpsServer(options: OpsServerOptions): Promise<FastifyInstance> {
  const { host, port, metrics, ready } = options;
  // Else `close` waits for connections that have not had a request yet, as long as their peer likes.
  const app = fastify({ logger: false, forceCloseConnections: true });

  app.get('/livez', () => 'ok\n');

  app.get('/readyz', (_request, reply) => {
    const health = ready();
    return health.ok ? reply.send('ok\n') : reply.code(503).send(`${health.reason}\n`);
  });

  app.get('/metrics', async (_request, reply) => {
    reply.header('content-type', metrics.contentType);
    return metrics.metrics();
  });

  await listen(app, host, port);
  return app;
}
