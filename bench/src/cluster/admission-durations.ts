/** How many calls of a webhook the API server has counted, and how many of them took 25 ms at most. */
export interface AdmissionDurations {
  readonly calls: number;
  readonly fast: number;
}

const METRIC = 'apiserver_admission_webhook_admission_duration_seconds';

/** Reads them from the metrics of an API server, by the name of the webhook. */
export function admissionDurations(metrics: string, webhook: string): AdmissionDurations {
  const sum = (suffix: string, labels: readonly string[]): number =>
    [...metrics.matchAll(new RegExp(`^${METRIC}_${suffix}\\{([^}]*)\\} (\\d+)$`, 'gm'))]
      .filter(([, present = '']) => [`name="${webhook}"`, ...labels].every((label) => present.includes(label)))
      .reduce((total, [, , value]) => total + Number(value), 0);
  return { calls: sum('count', []), fast: sum('bucket', ['le="0.025"']) };
}

/** The share of fast calls between two readings. */
export function fastShare(before: AdmissionDurations, after: AdmissionDurations): number {
  return (after.fast - before.fast) / (after.calls - before.calls);
}
