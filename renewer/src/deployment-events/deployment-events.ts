import type { EventRecorder } from '@ecr-pull-secrets/kube/event-recorder.ts';
import { createThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import type { DeploymentReference } from './deployment-reference.ts';

/** A problem of the whole release, or its end. */
export interface DeploymentReport {
  /** What it is about: each subject has at most one problem at a time. */
  readonly subject: string;
  /** One CamelCase word. */
  readonly reason: string;
  /** What happened and what to do; no credentials. */
  readonly message: string;
}

/** API servers keep Events for an hour by default, so that a problem that lasts is always visible. */
const REPEAT_AFTER_MS = 3_600_000;

/** Events within an hour, whatever happens: a release with a hundred roles must not fill the list. */
const MOST_EVENTS = 20;

/** A problem that was reported. */
interface Known {
  readonly reason: string;
  readonly firstAtMs: number;
  readonly count: number;
  /** `undefined` if there were too many Events. */
  readonly reportedAtMs: number | undefined;
}

export type DeploymentEvents = ReturnType<typeof createDeploymentEvents>;

/** For a release without Events of its Deployment. */
export const NO_DEPLOYMENT_EVENTS: DeploymentEvents = { report: () => {}, resolve: () => {} };

/**
 * Creates Events of our Deployment, which `kubectl describe deployment` shows: one when a problem begins or its reason
 * changes, one each hour while it lasts with the number of failures, and one when it is over.
 */
export function createDeploymentEvents(
  {
    recorder,
    reference,
    clock,
    logger,
    metrics,
  }: Pick<RenewerDependencies, 'clock' | 'logger' | 'metrics'> & {
    readonly recorder: EventRecorder;
    readonly reference: DeploymentReference;
  },
  { namespace }: { readonly namespace: string },
) {
  const known = new Map<string, Known>();
  const overflows = createThrottledLog({ clock, logger }, 'too many Events of the Deployment; dropped one');
  let createdAtMs: readonly number[] = [];

  /** The absolute value: after a clock was set back, Events must not end. */
  const isRecent = (ms: number | undefined): boolean =>
    ms !== undefined && Math.abs(clock.now() - ms) < REPEAT_AFTER_MS;

  function hasRoom(): boolean {
    createdAtMs = createdAtMs.filter(isRecent);
    if (createdAtMs.length < MOST_EVENTS) return true;
    metrics.events.inc({ result: 'dropped' });
    overflows.report(new Error(`${createdAtMs.length} Events within an hour`));
    return false;
  }

  async function create(
    { subject, reason, message }: DeploymentReport,
    type: 'Normal' | 'Warning',
    { count, firstAtMs }: Pick<Known, 'count' | 'firstAtMs'>,
  ): Promise<void> {
    const atMs = clock.now();
    createdAtMs = [...createdAtMs, atMs];
    const involvedObject = await reference();
    const event = { namespace, involvedObject, type, reason, message, series: { count, firstAtMs } };
    const isCreated = await recorder.event(event);
    metrics.events.inc({ result: isCreated ? 'success' : 'error' });
    if (isCreated) return;
    createdAtMs = createdAtMs.filter((ms) => ms !== atMs);
    const current = known.get(subject);
    // The next failure tries again.
    if (current?.reportedAtMs === atMs) known.set(subject, { ...current, reportedAtMs: undefined });
  }

  return {
    /** A problem is there, or is still there. */
    report(report: DeploymentReport): void {
      const { subject, reason } = report;
      const nowMs = clock.now();
      const before = known.get(subject);
      const { firstAtMs = nowMs, count = 0, reportedAtMs } = before?.reason === reason ? before : {};
      const isDue = !isRecent(reportedAtMs) && hasRoom();
      const problem = { reason, firstAtMs, count: count + 1, reportedAtMs: isDue ? nowMs : reportedAtMs };
      known.set(subject, problem);
      if (isDue) void create(report, 'Warning', problem);
    },
    /** The problem of a subject is over, if it had one that was reported. */
    resolve(report: DeploymentReport): void {
      const before = known.get(report.subject);
      known.delete(report.subject);
      if (before?.reportedAtMs === undefined || !hasRoom()) return;
      void create(report, 'Normal', { count: 1, firstAtMs: clock.now() });
    },
  };
}
