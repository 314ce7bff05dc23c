import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { readWebhookConfiguration } from './configuration.ts';
import { serveWebhook } from './serve-webhook.ts';

/**
 * `ecr-pull-secrets webhook`: runs until the signal aborts and connections are drained; then the
 * process may exit with 0.
 *
 * @throws ECRPS_CONFIGURATION_INVALID, or the listener's own error, for instance EADDRINUSE
 */
export async function runWebhook(environment: Environment, stop: AbortSignal): Promise<void> {
  const configuration = readWebhookConfiguration(environment);
  const { logLevel, logFormat } = configuration;
  const logger = createLogger({ level: logLevel, format: logFormat, name: 'webhook' });
  await serveWebhook({ clock: systemClock, logger }, configuration, stop);
}
