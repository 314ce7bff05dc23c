import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { type Health, HEALTHY } from '@ecr-pull-secrets/shared/http/ops-server.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createPodDecider } from './admission/pod-decision.ts';
import { createReviewHandler } from './admission/review-handler.ts';
import type { WebhookConfiguration } from './configuration.ts';
import { createWebhookApp } from './http/app.ts';
import { createWebhookMetrics } from './metrics.ts';
import { openFactsFile } from './renewer-facts.ts';
import { watchCertificate } from './tls/certificate-watch.ts';
import { toTlsOptions } from './tls/serving-certificate.ts';

export interface WebhookDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Creates the parts of a webhook and connects them. It does not listen yet. */
export function createWebhook(
  { clock, logger }: WebhookDependencies,
  configuration: WebhookConfiguration,
  stop: AbortSignal,
) {
  const registry = createMetricsRegistry();
  const metrics = createWebhookMetrics(registry);
  const facts = openFactsFile({ logger }, configuration);
  const decide = createPodDecider({ facts }, configuration);
  const handleReview = createReviewHandler({ decide, metrics, logger });
  const isDraining = (): boolean => stop.aborted;
  const app = createWebhookApp({ handleReview, metrics, logger, isDraining });
  const first = Promise.withResolvers<void>();
  const use = (certificate: PemPair): void => {
    app.server.setSecureContext(toTlsOptions(certificate));
    first.resolve();
  };
  const certificate = watchCertificate({ clock, logger, metrics, use }, configuration);

  return {
    app,
    metrics: registry,
    /** Resolves once the app can make TLS handshakes. */
    hasCertificate: first.promise,
    /** Reads the files of `TLS_DIR` again; never rejects. */
    readFiles: async () => {
      await Promise.all([facts.check(), certificate.check()]);
    },
    /**
     * Not ready before the first certificate and while stopping. A condition that all replicas share, such
     * as an expired certificate, does not count: it would make all of them unready at once.
     */
    ready: (): Health => {
      if (stop.aborted) return { ok: false, reason: 'stopping: draining connections' };
      if (app.server.listening) return HEALTHY;
      const problem = certificate.problem();
      const waiting = `waiting for the first certificate in ${configuration.tlsDir}`;
      return { ok: false, reason: problem === undefined ? waiting : `${waiting}: ${problem}` };
    },
  };
}
