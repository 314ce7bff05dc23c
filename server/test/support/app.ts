import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import type { Test } from 'tap';
import { createPodDecider, type PodDecider } from '../../src/admission/pod-decision.ts';
import { createReviewHandler } from '../../src/admission/review-handler.ts';
import { createWebhookApp, type WebhookAppSettings } from '../../src/http/app.ts';
import { createWebhookMetrics } from '../../src/metrics.ts';
import type { Facts } from '../../src/renewer-facts.ts';
import { toTlsOptions } from '../../src/tls/serving-certificate.ts';
import { type Answer, call, issue, JSON_HEADERS, recordLog } from './webhook.ts';

export const FIXTURE = JSON.parse(
  readFileSync(new URL('../fixtures/admission-review.pod.json', import.meta.url), 'utf8'),
);
export const ECR_IMAGE = '123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1';

/** The fixture's review, with another object or with other fields in its request. */
export function reviewOf(object: unknown, request: object = {}) {
  return { ...FIXTURE, request: { ...FIXTURE.request, object, ...request } };
}

export function podOf(spec: object, metadata: object = {}) {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', ...metadata }, spec };
}

export const ECR_POD = podOf({ containers: [{ name: 'web', image: ECR_IMAGE }] });

export function decider(facts?: Facts): PodDecider {
  return createPodDecider(
    { facts: { current: () => facts } },
    { pullSecretName: 'ecr-pull-secret', registryHosts: [], injectAll: false },
  );
}

export interface Webhook {
  readonly post: (body: unknown, headers?: Record<string, string>) => Promise<Answer>;
  readonly port: number;
  readonly log: readonly string[];
  readonly metrics: () => Promise<string>;
  /** How many bytes have been read from all connections. */
  readonly receivedBytes: () => number;
}

/** Starts the real server on a real socket; it is closed when the test ends. */
export async function startApp(test: Test, decide = decider(), settings: WebhookAppSettings = {}): Promise<Webhook> {
  const registry = createMetricsRegistry();
  const metrics = createWebhookMetrics(registry);
  const { logger, lines } = recordLog();
  const handleReview = createReviewHandler({ decide, metrics, logger });
  const app = createWebhookApp({ handleReview, metrics, logger, isDraining: () => false }, settings);
  app.server.setSecureContext(toTlsOptions(await issue()));
  const sockets: Socket[] = [];
  app.server.on('secureConnection', (socket) => sockets.push(socket));
  await app.listen({ host: '127.0.0.1', port: 0 });
  test.teardown(() => app.close());
  const address = app.server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    port,
    log: lines,
    metrics: () => registry.metrics(),
    receivedBytes: () => sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
    post: (body, headers = {}) =>
      call({
        port,
        headers: { ...JSON_HEADERS, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
  };
}
