import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry, type Registry } from '@ecr-pull-secrets/shared/metrics.ts';
import { type Health, HEALTHY } from '@ecr-pull-secrets/shared/http/ops-server.ts';
import { createWebhookApp, type WebhookApp } from './http/app.ts';
import { watchCertificate } from './tls/certificate-watch.ts';
import type { WebhookConfiguration } from './configuration.ts';
import { openFactsFile } from './renewer-facts.ts';
import { createWebhookMetrics } from './metrics.ts';
import { createMutator } from './admission/mutate.ts';
import { createPodReviewer } from './admission/pod-review.ts';
import { createRegistryMatcher } from './admission/registry-matcher.ts';
import { toTlsOptions } from './tls/serving-certificate.ts';

/** What a webhook does not bring itself. */
export interface WebhookDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborts when the process is to end. */
  readonly stop: AbortSignal;
}

/** The parts of a webhook that does not listen yet. */
export interface Webhook {
  readonly app: WebhookApp;
  readonly registry: Registry;
  /** Resolves once the app can make handshakes. */
  readonly certified: Promise<void>;
  /** Reads the files of `TLS_DIR` again; never rejects. */
  readonly readFiles: () => Promise<void>;
  /**
   * Not ready before the first certificate and when stopping. What all replicas have in common, such
   * as an expired certificate, is no reason: it would take all of them away at once.
   */
  readonly readiness: () => Health;
}

/** Puts the parts of a webhook together. */
export function createWebhook(
  configuration: WebhookConfiguration,
  { clock, logger, stop }: WebhookDependencies,
): Webhook {
  const { tlsDirectory: directory, factsDirectory, serverName } = configuration;
  const { pullSecretName, registryHosts, injectAll } = configuration;
  const registry = createMetricsRegistry();
  const metrics = createWebhookMetrics(registry);
  const facts = openFactsFile(factsDirectory, logger);
  const isOurRegistry = createRegistryMatcher(registryHosts);
  const reviewPod = createPodReviewer({
    pullSecretName,
    isOurRegistry,
    injectAll,
    facts: facts.current,
  });
  const mutate = createMutator({ reviewPod, metrics, logger });
  const app = createWebhookApp({ mutate, metrics, logger, isDraining: () => stop.aborted });
  const first = Promise.withResolvers<void>();
  const certificate = watchCertificate({
    directory,
    serverName,
    clock,
    logger,
    metrics,
    use: (taken) => {
      app.server.setSecureContext(toTlsOptions(taken));
      first.resolve();
    },
  });

  return {
    app,
    registry,
    certified: first.promise,
    readFiles: async () => {
      await Promise.all([facts.check(), certificate.check()]);
    },
    readiness: () => {
      if (stop.aborted) return { ok: false, reason: 'stopping: draining connections' };
      if (app.server.listening) return HEALTHY;
      const problem = certificate.problem();
      const waiting = `waiting for the first certificate in ${directory}`;
      return { ok: false, reason: problem === undefined ? waiting : `${waiting}: ${problem}` };
    },
  };
}
