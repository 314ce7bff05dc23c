import { once } from 'node:events';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { listen } from '@ecr-pull-secrets/shared/http/listen.ts';
import { startOpsServer } from '@ecr-pull-secrets/shared/http/ops-server.ts';
import { boundedClose } from './bounded-close.ts';
import type { WebhookConfiguration } from '../configuration.ts';
import { createWebhook, type WebhookDependencies } from '../webhook.ts';

/** How often the files of `TLS_DIR` are read: `fs.watch` misses the switch of a link. */
const POLL_MS = 2_000;

/**
 * Serves until `stop` aborts: waits for a certificate, listens, and drains at the end.
 *
 * Draining needs no `preStop` hook: readiness fails at once, while reviews go on being answered as
 * long as API servers have this address, each answer telling its client to connect anew. Then the
 * server closes.
 *
 * @throws the listener's own error, for instance EADDRINUSE
 */
export async function serveWebhook(
  configuration: WebhookConfiguration,
  dependencies: WebhookDependencies,
): Promise<void> {
  const { host, port, opsPort, drainMs } = configuration;
  const { clock, logger, stop } = dependencies;
  const { app, registry, certified, readFiles, readiness } = createWebhook(
    configuration,
    dependencies,
  );
  const close = boundedClose(app, clock);
  const stopped = whenAborted(stop);
  const ops = await startOpsServer({ host, port: opsPort, metrics: registry, ready: readiness });
  logger.info({ address: ops.listeningOrigin }, 'probes and metrics');
  const background = new AbortController();
  const polling = poll(readFiles, clock, background.signal);

  try {
    await Promise.race([certified, stopped]);
    if (stop.aborted) return;
    await listen(app, host, port);
    logger.info({ address: app.listeningOrigin }, 'listening');
    await stopped;
    logger.info({ drainMs }, 'draining');
    await clock.sleep(drainMs);
    await close();
    logger.info('stopped');
  } finally {
    background.abort();
    await Promise.all([polling, ops.close()]);
  }
}

async function whenAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

async function poll(task: () => Promise<void>, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await task();
    await clock.sleep(POLL_MS, signal);
  }
}
