import type { RenewerDependencies } from '../dependencies.ts';

/**
 * Creates a function that reports how many pods a list found: by reason in a metric, and in the log if their number has
 * changed.
 *
 * @param settings - `set` sets the metric of a reason, also to 0; `facts` are part of the log line
 */
export function createCountReport<R extends string>(
  { logger }: Pick<RenewerDependencies, 'logger'>,
  {
    reasons,
    set,
    message,
    facts = {},
  }: {
    readonly reasons: readonly R[];
    readonly set: (reason: R, count: number) => void;
    readonly message: string;
    readonly facts?: Readonly<Record<string, string>>;
  },
) {
  let loggedPods = 0;
  return (counts: ReadonlyMap<R, number>): void => {
    for (const reason of reasons) set(reason, counts.get(reason) ?? 0);
    const pods = [...counts.values()].reduce((sum, count) => sum + count, 0);
    if (pods > 0 && pods !== loggedPods) logger.warn({ ...facts, ...Object.fromEntries(counts) }, message);
    loggedPods = pods;
  };
}
