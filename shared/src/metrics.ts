import { collectDefaultMetrics, Registry } from '@prometheus-io/client';

export { Counter, Gauge, Histogram, type Registry as MetricsRegistry } from '@prometheus-io/client';

/**
 * How often the share of time in which the event loop is busy is measured. The library's 100 ms take a third of the CPU of
 * an idle process (`npm run bench -- memory-webhook`), and no one scrapes more than once a second.
 */
const EVENT_LOOP_UTILIZATION_MS = 1_000;

/**
 * How often a timer measures the delay of the event loop; a delay includes it. The library's 10 ms take more than half of
 * the CPU of an idle webhook.
 */
const EVENT_LOOP_DELAY_MS = 20;

/** Creates a registry with the metrics of the process (memory, event loop, CPU). */
export function createMetricsRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({
    register: registry,
    eventLoopMonitoringPrecision: EVENT_LOOP_DELAY_MS,
    eventLoopUtilizationTimeout: EVENT_LOOP_UTILIZATION_MS,
  });
  return registry;
}
