import { Counter, Gauge, Histogram, type MetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { METRIC_PREFIX } from '@ecr-pull-secrets/shared/names.ts';

/**
 * The results of requests: `patched`, `noop` (nothing to do), `excluded` (the pod needs the secret, but its
 * namespace gets none), `error` (an internal error; allowed unchanged), `refused` (answered with a 4xx) or `busy`
 * (answered with 429, so that the client retries).
 */
const ADMISSION_RESULTS = ['patched', 'noop', 'excluded', 'error', 'refused', 'busy'] as const;

/** The webhook's own metrics. */
export type WebhookMetrics = ReturnType<typeof createWebhookMetrics>;

/** From a half-millisecond review of a small pod to the seconds after which an API server gives up. */
const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** Creates the metrics in the registry. Each result exists from the start, or `rate()` would miss its first count. */
export function createWebhookMetrics(registry: MetricsRegistry) {
  const registers = [registry];
  const metrics = {
    requests: new Counter({
      name: `${METRIC_PREFIX}admission_requests_total`,
      help: 'Requests to the webhook by result',
      labelNames: ['result'],
      registers,
    }),
    uncoveredPods: new Counter({
      name: `${METRIC_PREFIX}admission_uncovered_pods_total`,
      help: 'Reviewed pods with an image whose registry no token covers',
      registers,
    }),
    durationSeconds: new Histogram({
      name: `${METRIC_PREFIX}admission_duration_seconds`,
      help: 'Seconds from the headers of a review to the end of its answer',
      buckets: DURATION_BUCKETS,
      registers,
    }),
    inFlight: new Gauge({
      name: `${METRIC_PREFIX}admission_in_flight`,
      help: 'Reviews in flight',
      registers,
    }),
    leafNotAfterSeconds: new Gauge({
      name: `${METRIC_PREFIX}tls_leaf_not_after_timestamp_seconds`,
      help: 'When the serving certificate in use expires, in Unix time; absent before the first certificate',
      registers,
    }),
    reloads: new Counter({
      name: `${METRIC_PREFIX}tls_reloads_total`,
      help: 'New serving certificates in use (success) and failed attempts to read one (failure)',
      labelNames: ['result'],
      registers,
    }),
    certificateOk: new Gauge({
      name: `${METRIC_PREFIX}tls_certificate_ok`,
      help: 'Whether the files contain a certificate that is in use and valid: 1, or 0 if not, with the reason in the log',
      registers,
    }),
  };
  // The library sets it to 0 at first, which would mean "expired in 1970" until there is a certificate.
  metrics.leafNotAfterSeconds.remove();
  for (const result of ADMISSION_RESULTS) metrics.requests.inc({ result }, 0);
  for (const result of ['success', 'failure']) metrics.reloads.inc({ result }, 0);
  return metrics;
}
