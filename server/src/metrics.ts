import { Counter, Gauge, Histogram, type Registry } from '@ecr-pull-secrets/shared/metrics.ts';
import { METRIC_PREFIX } from '@ecr-pull-secrets/shared/names.ts';

/**
 * What became of a request: `patched`, `noop` (nothing to do), `excluded` (needed the secret, but its
 * namespace gets none), `error` (ours; let through unchanged), `refused` (answered with a 4xx) or `busy`
 * (answered with 429, to be tried again).
 */
export type AdmissionResult = 'patched' | 'noop' | 'excluded' | 'error' | 'refused' | 'busy';

const ADMISSION_RESULTS: readonly AdmissionResult[] = [
  'patched',
  'noop',
  'excluded',
  'error',
  'refused',
  'busy',
];

/** The webhook's own figures. */
export interface WebhookMetrics {
  readonly requests: Counter<'result'>;
  readonly durationSeconds: Histogram;
  readonly inFlight: Gauge;
  readonly leafNotAfterSeconds: Gauge;
  readonly reloads: Counter<'result'>;
  readonly certificateOk: Gauge;
}

/** From a half-millisecond review of a small pod to the seconds after which an API server gives up. */
const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** Makes the figures, in the registry. Each result is there from the start, or `rate()` misses its first. */
export function createWebhookMetrics(registry: Registry): WebhookMetrics {
  const registers = [registry];
  const metrics: WebhookMetrics = {
    requests: new Counter({
      name: `${METRIC_PREFIX}admission_requests_total`,
      help: 'Requests to the webhook by what became of them',
      labelNames: ['result'],
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
      help: 'Reviews that are being read or answered',
      registers,
    }),
    leafNotAfterSeconds: new Gauge({
      name: `${METRIC_PREFIX}tls_leaf_not_after_timestamp_seconds`,
      help: 'When the serving certificate in use expires, in Unix time; absent before the first one',
      registers,
    }),
    reloads: new Counter({
      name: `${METRIC_PREFIX}tls_reloads_total`,
      help: 'New serving certificates taken into use (success) and reads that gave none (failure)',
      labelNames: ['result'],
      registers,
    }),
    certificateOk: new Gauge({
      name: `${METRIC_PREFIX}tls_certificate_ok`,
      help: 'Whether the files hold a certificate that is in use and valid: 1, or 0 where the log says why not',
      registers,
    }),
  };
  // The library starts it at 0, which reads as "expired in 1970" until there is a certificate.
  metrics.leafNotAfterSeconds.remove();
  for (const result of ADMISSION_RESULTS) metrics.requests.inc({ result }, 0);
  for (const result of ['success', 'failure']) metrics.reloads.inc({ result }, 0);
  return metrics;
}
