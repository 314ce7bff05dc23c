/** A metric that an expression selects, with the labels that it requires. */
export interface Selector {
  readonly metric: string;
  /** By name, the values of which each must be there. */
  readonly labels: ReadonlyMap<string, readonly string[]>;
}

/** Metrics of ours and of Node, and what an expression says about their labels. */
const SELECTOR = /\b((?:ecr_pull_secrets|process|nodejs)_\w+)(?:\{([^}]*)\})?/g;
const LABEL = /(\w+)\s*(=~?)\s*"([^"]*)"/g;

/** What Prometheus adds, so that no process says it. */
const ADDED = new Set(['namespace', 'pod', 'container']);

/** The metrics that an expression of Prometheus is about, as far as processes of ours have them. */
export function selectorsIn(expression: string): readonly Selector[] {
  return [...expression.matchAll(SELECTOR)].map(([, metric = '', labels = '']) => ({
    metric,
    labels: new Map(
      [...labels.matchAll(LABEL)]
        .filter(([, name = '']) => !ADDED.has(name))
        .map(([, name = '', , value = '']) => [name, value.split('|')]),
    ),
  }));
}

/**
 * What of it is not among the figures that were read from `/metrics`: metrics, and values of labels.
 */
export function missingIn(figures: string, { metric, labels }: Selector): readonly string[] {
  // A counter that has counted nothing yet has no more than this.
  const type = `# TYPE ${metric.replace(/_bucket$/, '')} `;
  if (!figures.includes(type)) return [metric];
  const lines = figures.split('\n').filter((line) => line.startsWith(`${metric}{`));
  return [...labels].flatMap(([name, values]) =>
    values
      .filter((value) => !lines.some((line) => line.includes(`${name}="${value}"`)))
      .map((value) => `${metric}{${name}="${value}"}`),
  );
}
