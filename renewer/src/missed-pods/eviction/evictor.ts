import type { EventRecorder } from '@ecr-pull-secrets/kube/event-recorder.ts';
import { createThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';
import type { RenewerDependencies } from '../../dependencies.ts';
import type { PullSecretCache } from '../../pull-secrets/cache/cache.ts';
import { evictedMessage } from '../messages.ts';
import type { MissedPod, MissedPodRule } from '../missed-pod.ts';
import { eventOf } from '../reports.ts';
import { type Candidate, createCandidates } from './candidates.ts';
import { evictPod } from './evict-pod.ts';
import { findSuccessors } from './find-successors.ts';
import { PORTION_WITHIN_MS } from './pacing.ts';
import { createPortions } from './portions.ts';

/** The controllers that create a pod again, of the API group `apps`. A Job would count the pod as a failure. */
const RECREATING: ReadonlySet<string> = new Set(['ReplicaSet', 'StatefulSet', 'DaemonSet']);

type EvictorDependencies = Pick<RenewerDependencies, 'client' | 'clock' | 'logger' | 'metrics'> & {
  readonly recorder: EventRecorder;
  readonly cache: Pick<PullSecretCache, 'secret'>;
  readonly rule: MissedPodRule;
};

/** Evicts missed pods that cannot pull, if their controller creates them again and a new pod could pull. */
export function createEvictor(
  dependencies: EvictorDependencies,
  { pullSecretName }: { readonly pullSecretName: string },
) {
  const { client, clock, logger, metrics, cache, recorder, rule } = dependencies;
  const failures = createThrottledLog({ clock, logger }, 'evicting a missed pod failed');
  const listFailures = createThrottledLog({ clock, logger }, 'looking for the successor of an evicted pod failed');
  const portions = createPortions({ clock });
  const candidates = createCandidates();

  function isHelped({ namespace, controller, isPullFailing }: Candidate): boolean {
    const isRecreated = RECREATING.has(controller.kind) && controller.apiVersion.startsWith('apps/');
    const secret = cache.secret(namespace);
    return isPullFailing && isRecreated && secret?.isUntouched === true && (secret.expiresAtMs ?? 0) > clock.now();
  }

  /** Looks for the successors of the last portion. In a namespace whose pods cannot be listed, they are absent. */
  async function settleAll(signal: AbortSignal): Promise<void> {
    for (const [namespace, evicted] of Map.groupBy(portions.open(), (each) => each.namespace)) {
      const found = await findSuccessors({ client, rule }, namespace, evicted, signal).catch((error: unknown) => {
        if (!signal.aborted) listFailures.report(error, namespace);
        return undefined;
      });
      if (signal.aborted) return;
      for (const each of evicted) {
        const successor = found?.get(each) ?? 'absent';
        if (successor === 'missed')
          logger.warn(each, 'the pod that replaces an evicted one does not name the pull secret either');
        portions.settle(each, successor);
      }
    }
  }

  async function evict(pod: Candidate, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid, controller } = pod;
    const atMs = clock.now();
    try {
      if (!(await evictPod(client, pod, signal))) return metrics.missedPodEvictions.inc({ result: 'skipped' });
    } catch (error) {
      if (signal.aborted) return;
      failures.report(error, namespace);
      metrics.missedPodEvictions.inc({ result: 'error' });
      return portions.refused(namespace);
    }
    portions.evicted({ namespace, uid, controllerUid: controller.uid, atMs });
    metrics.missedPodEvictions.inc({ result: 'success' });
    logger.info({ namespace, pod: name }, 'evicted a pod that could not pull without the pull secret');
    await recorder.event(
      { ...eventOf(pod, evictedMessage(pullSecretName), { reason: 'MissedPodEvicted' }), type: 'Normal' },
      signal,
    );
  }

  return {
    /** A list found the pod, which is pending. */
    add: (pod: MissedPod): void => {
      const { controller } = pod;
      if (!controller) return;
      const candidate = { ...pod, controller };
      if (isHelped(candidate)) candidates.add(candidate);
    },
    /** After a list: looks for the successors of the last portion, and evicts the next one. */
    evict: async (signal: AbortSignal): Promise<void> => {
      const listed = candidates.take();
      await settleAll(signal);
      const startMs = clock.now();
      for (const pod of portions.next(listed)) {
        if (clock.now() - startMs < PORTION_WITHIN_MS) await evict(pod, signal);
      }
    },
  };
}
