import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import type { EventRecorder } from '@ecr-pull-secrets/kube/event-recorder.ts';
import { runReconcileLoop } from '@ecr-pull-secrets/shared/runtime/reconcile-loop.ts';
import { createThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import type { PullSecretCache } from '../pull-secrets/cache/cache.ts';
import { createCountReport } from './count-report.ts';
import { createEvictor } from './eviction/evictor.ts';
import { type Coverage, createFailingPullRule } from './failing-pull.ts';
import { createFailingPulls } from './failing-pulls.ts';
import { listPods } from './list-pods.ts';
import type { ReportedPod } from './messages.ts';
import { createMissedPodRule, MISSED_REASONS, type MissedReason } from './missed-pod.ts';
import {
  LIST_INTERVAL_MS,
  MOST_LISTED_NAMESPACES,
  type Phase,
  PHASES,
  RETRY_LIST,
  WAIT_FOR_CACHE_MS,
} from './pacing.ts';
import type { Pod } from './pod-fields.ts';
import { createMissedPodReports } from './reports.ts';
import type { MissedPodsSettings } from './settings.ts';

/** For the log. */
const DENIED = 'missed pods are not found: grant the right to list pods, or set missedPods.enabled=false';

type MissedPodsDependencies = RenewerDependencies & {
  readonly recorder: EventRecorder;
  /** Which namespaces opted in, and whether their secret can be used. */
  readonly cache: Pick<PullSecretCache, 'isComplete' | 'optedIn' | 'secret'>;
  /** Of the tokens of all identities. */
  readonly covers: Coverage;
};

/**
 * The leader's part, until the signal aborts: finds pods that need the pull secret and do not name it, because they are
 * older than the label of their namespace, or because nothing injected it when they were created. It also finds those
 * that name it and cannot pull. Each gets an Event, and the metrics count them. It uses lists,
 * because a watch of all pods costs more than they do.
 */
export async function runMissedPods(
  dependencies: MissedPodsDependencies,
  settings: MissedPodsSettings & { readonly pullSecretName: string },
  signal: AbortSignal,
): Promise<void> {
  const { client, cache, metrics } = dependencies;
  const rule = createMissedPodRule(settings);
  const failingPullOf = createFailingPullRule(dependencies, settings);
  const reports = createMissedPodReports(dependencies, settings);
  const pulls = createFailingPulls(dependencies, { report: reports.add });
  const evictor = settings.evict ? createEvictor({ ...dependencies, rule }, settings) : undefined;
  const excepted = new Set(settings.exceptNamespaces);
  const denials = createThrottledLog(dependencies, DENIED);
  const reportOf = (phase: Phase) =>
    createCountReport(dependencies, {
      reasons: MISSED_REASONS,
      set: (reason, count) => metrics.missedPods.set({ phase, reason }, count),
      message: 'pods need the pull secret and do not name it',
      facts: { phase },
    });
  const reportCounts: Readonly<Record<Phase, ReturnType<typeof reportOf>>> = {
    Pending: reportOf('Pending'),
    Running: reportOf('Running'),
  };

  function targets(): readonly string[] {
    return [...cache.optedIn().keys()].filter((namespace) => !excepted.has(namespace));
  }

  function reportedPodOf(pod: Pod): ReportedPod | undefined {
    const { namespace = '' } = pod.metadata;
    const optedInAtMs = cache.optedIn().get(namespace);
    if (optedInAtMs === undefined || excepted.has(namespace)) return undefined;
    return rule(pod, optedInAtMs) ?? failingPullOf(pod);
  }

  /** Without the right, which administrators may leave out of roles of their own, the next list tries again. */
  async function look(phase: Phase): Promise<number | void> {
    if (!cache.isComplete()) return WAIT_FOR_CACHE_MS;
    try {
      await listAll(phase);
    } catch (error) {
      if (!isApiError(error, 403)) throw error;
      denials.report(error);
      return;
    }
    if (phase === 'Running') return;
    await reports.flush(signal);
    await evictor?.evict(signal);
  }

  async function listAll(phase: Phase): Promise<void> {
    const counts = new Map<MissedReason, number>();
    const failing = pulls.beginList(phase);
    const handle = (pod: ReportedPod): void => {
      if ('registry' in pod) return failing.add(pod);
      counts.set(pod.reason, (counts.get(pod.reason) ?? 0) + 1);
      reports.add(phase, pod);
      if (phase === 'Pending') evictor?.add(pod);
    };
    const namespaces = targets();
    const lists = namespaces.length <= MOST_LISTED_NAMESPACES ? namespaces : [undefined];
    const labelKeys = settings.podSelector.keys;
    const fieldSelector = `status.phase=${phase}`;
    for (const namespace of lists) {
      await listPods(client, { namespace, fieldSelector, labelKeys, reduce: reportedPodOf, handle }, signal);
    }
    reportCounts[phase](counts);
    failing.end();
    reports.endList(phase);
  }

  const loops = PHASES.map((phase) => {
    const reconcile = () => look(phase);
    const loop = {
      name: `${phase.toLowerCase()} pods`,
      resyncMs: LIST_INTERVAL_MS[phase],
      retry: RETRY_LIST,
      reconcile,
    };
    return runReconcileLoop(dependencies, loop, signal);
  });
  await Promise.all(loops);
}
