import type { RenewerDependencies } from '../dependencies.ts';
import { createCountReport } from './count-report.ts';
import { type FailingPull, PULL_FAILURE_REASONS, type PullFailureReason } from './failing-pull.ts';
import { MOST_REPORTED, MOST_REPORTED_OF_NAMESPACE, type Phase } from './pacing.ts';

/** What lists of pods of one phase found. */
interface Found {
  /** By namespace, the UIDs of the last list that was complete. */
  readonly uids: ReadonlyMap<string, ReadonlySet<string>>;
  readonly counts: ReadonlyMap<PullFailureReason, number>;
}

const NOTHING: Found = { uids: new Map(), counts: new Map() };

/**
 * Counts the pods whose pull fails in two lists of a phase, one after the other: a token or an image that comes a moment
 * later than the pod is no failure. As many are kept as can have an Event.
 */
export function createFailingPulls(
  { logger, metrics }: Pick<RenewerDependencies, 'logger' | 'metrics'>,
  { report }: { readonly report: (phase: Phase, pod: FailingPull) => void },
) {
  const found: Record<Phase, Found> = { Pending: NOTHING, Running: NOTHING };
  const reportCounts = createCountReport(
    { logger },
    {
      reasons: PULL_FAILURE_REASONS,
      set: (reason, count) => metrics.failingPulls.set({ reason }, count),
      message: 'pods name the pull secret and cannot pull their images',
    },
  );

  return {
    /** Begins a list of pods of a phase. */
    beginList: (phase: Phase) => {
      const last = found[phase].uids;
      const current = new Map<string, Set<string>>();
      const counts = new Map<PullFailureReason, number>();
      let size = 0;
      return {
        add: (pod: FailingPull): void => {
          const { namespace, uid, reason } = pod;
          const uids = current.get(namespace) ?? new Set<string>();
          if (size >= MOST_REPORTED || uids.size >= MOST_REPORTED_OF_NAMESPACE) return;
          current.set(namespace, uids.add(uid));
          size += 1;
          if (!last.get(namespace)?.has(uid)) return;
          counts.set(reason, (counts.get(reason) ?? 0) + 1);
          report(phase, pod);
        },
        /** The list is complete. */
        end: (): void => {
          found[phase] = { uids: current, counts };
          reportCounts(sumOf(Object.values(found)));
        },
      };
    },
  };
}

function sumOf(found: readonly Found[]): ReadonlyMap<PullFailureReason, number> {
  const sum = (reason: PullFailureReason): number =>
    found.reduce((total, { counts }) => total + (counts.get(reason) ?? 0), 0);
  return new Map(PULL_FAILURE_REASONS.map((reason) => [reason, sum(reason)]));
}
