import { collectDefaultMetrics, Registry } from '@prometheus-io/client';

export { Counter, Gauge, Histogram, type Registry as MetricsRegistry } from '@prometheus-io/client';

/** Creates a registry with the metrics of the process (memory, event loop, CPU). */
export function createMetricsRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
