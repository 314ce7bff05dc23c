import type { RenewerDependencies } from '../dependencies.ts';
import { executePlan } from './apply/execute-plan.ts';
import type { createResultRecorder } from './apply/record-result.ts';
import { contestedMessage } from './events/event-messages.ts';
import type { NamespaceProblems } from './events/namespace-problems.ts';
import type { OwnershipTracker } from './foreign/ownership.ts';
import type { Plan, Planner } from './plan/plan-namespace.ts';
import type { AttemptLimiter } from './queue/attempt-limiter.ts';
import type { Requeue } from './queue/work-queue.ts';

export function createReconciler(
  dependencies: Pick<RenewerDependencies, 'client' | 'clock'> & {
    readonly planFor: Planner;
    readonly repairs: AttemptLimiter;
    readonly foreign: OwnershipTracker;
    readonly problems: NamespaceProblems;
    readonly recordResult: ReturnType<typeof createResultRecorder>;
  },
  { pullSecretName: name }: { readonly pullSecretName: string },
) {
  const { client, clock, planFor, repairs, foreign, problems, recordResult } = dependencies;

  function waitMsOf(namespace: string, plan: Plan): number {
    if (plan.kind === 'delete') return 0;
    return (plan.kind === 'read-owner' ? foreign : repairs).waitMs(namespace, plan.dockerConfig);
  }

  /**
   * Compares one namespace's secret with its desired state, and sends at most one request.
   *
   * @returns when to reconcile the namespace again
   * @throws the reason why that request failed, after it was reported
   */
  return async (namespace: string, signal: AbortSignal): Promise<Requeue | undefined> => {
    const plan = planFor(namespace);
    if (!plan) return undefined;
    const priority = plan.isUrgent ? 'urgent' : 'routine';
    const waitMs = waitMsOf(namespace, plan);
    if (waitMs > 0) {
      if (plan.kind === 'write') {
        const message = contestedMessage(name, namespace);
        problems.report(namespace, { reason: 'PullSecretContested', message });
      }
      return { priority, afterMs: waitMs };
    }
    const result = await executePlan({ client, namespace, name, signal }, plan, clock);
    recordResult(namespace, result);
    // Unless the cache is behind, the write is due at once. The rotation has paced the read before it.
    const isWriteDue = plan.kind === 'read-owner' && planFor(namespace)?.kind === 'write';
    return isWriteDue ? { priority, afterMs: 0 } : undefined;
  };
}
