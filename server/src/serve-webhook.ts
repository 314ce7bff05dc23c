import { once } from 'node:events';
import { listen } from '@ecr-pull-secrets/shared/http/listen.ts';
import { startOpsServer } from '@ecr-pull-secrets/shared/http/ops-server.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { WebhookConfiguration } from './configuration.ts';
import { boundedClose } from './http/bounded-close.ts';
import { createWebhook, type WebhookDependencies } from './webhook.ts';

/** How often the files of `TLS_DIR` are read: `fs.watch` misses a symbolic link that is replaced. */
const POLL_MS = 2_000;

/**
 * Serves until the signal aborts: waits for a certificate, listens, and drains at the end.
 *
 * Draining needs no `preStop` hook: readiness fails at once, while reviews are still answered as
 * long as API servers use this address, and each answer closes its connection. Then the server closes.
 *
 * @throws the listener's own error, for instance EADDRINUSE
 */
export async function serveWebhook(
  dependencies: WebhookDependencies,
  configuration: WebhookConfiguration,
  stop: AbortSignal,
): Promise<void> {
  const { host, port, opsPort, drainMs } = configuration;
  const { clock, logger } = dependencies;
  const webhook = createWebhook(dependencies, configuration, stop);
  const { app, metrics, ready } = webhook;
  const close = boundedClose(app, clock);
  const stopped = whenAborted(stop);
  const ops = await startOpsServer({ metrics, ready }, { host, port: opsPort });
  logger.info({ address: ops.listeningOrigin }, 'probes and metrics');
  const background = new AbortController();
  const polling = poll(webhook.readFiles, clock, background.signal);

  try {
    await Promise.race([webhook.hasCertificate, stopped]);
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
