import { EVENT_LIFETIME_MS, type EventRecorder } from '@ecr-pull-secrets/kube/event-recorder.ts';
import { createThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';
import { createWindowLimit, type Place } from '@ecr-pull-secrets/shared/runtime/window-limit.ts';
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

/** So that a problem that lasts is always visible. */
const REPEAT_AFTER_MS = EVENT_LIFETIME_MS;

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
  const limit = createWindowLimit({ clock }, { most: MOST_EVENTS, windowMs: REPEAT_AFTER_MS });

  /** The absolute value: after a clock was set back, Events must not end. */
  const isRecent = (ms: number | undefined): boolean =>
    ms !== undefined && Math.abs(clock.now() - ms) < REPEAT_AFTER_MS;

  function takePlace(): Place | undefined {
    const place = limit.take();
    if (place) return place;
    metrics.events.inc({ result: 'dropped' });
    overflows.report(new Error(`${MOST_EVENTS} Events within an hour`));
    return undefined;
  }

  async function create(
    { subject, reason, message }: DeploymentReport,
    type: 'Normal' | 'Warning',
    { count, firstAtMs }: Pick<Known, 'count' | 'firstAtMs'>,
    place: Place,
  ): Promise<void> {
    const involvedObject = await reference();
    const event = { namespace, involvedObject, type, reason, message, series: { count, firstAtMs } };
    const isCreated = await recorder.event(event);
    metrics.events.inc({ result: isCreated ? 'success' : 'error' });
    if (isCreated) return;
    limit.giveBack(place);
    const current = known.get(subject);
    // The next failure tries again.
    if (current?.reportedAtMs === place.atMs) known.set(subject, { ...current, reportedAtMs: undefined });
  }

  return {
    /** A problem is there, or is still there. */
    report(report: DeploymentReport): void {
      const { subject, reason } = report;
      const nowMs = clock.now();
      const before = known.get(subject);
      const { firstAtMs = nowMs, count = 0, reportedAtMs } = before?.reason === reason ? before : {};
      const place = isRecent(reportedAtMs) ? undefined : takePlace();
      const problem = { reason, firstAtMs, count: count + 1, reportedAtMs: place?.atMs ?? reportedAtMs };
      known.set(subject, problem);
      if (place) void create(report, 'Warning', problem, place);
    },
    /** The problem of a subject is over, if it had one that was reported. */
    resolve(report: DeploymentReport): void {
      const before = known.get(report.subject);
      known.delete(report.subject);
      const place = before?.reportedAtMs === undefined ? undefined : takePlace();
      if (place) void create(report, 'Normal', { count: 1, firstAtMs: place.atMs }, place);
    },
  };
}
