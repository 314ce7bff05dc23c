import { isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import { runReconcileLoop } from '@ecr-pull-secrets/shared/runtime/reconcile-loop.ts';
import { createApiServerPause } from '@ecr-pull-secrets/kube/pacing/api-server-pause.ts';
import { runReflector } from '@ecr-pull-secrets/kube/reflector.ts';
import type { RenewerConfiguration } from '../config/configuration.ts';
import type { CredentialStore } from '../credentials/credential-store.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import { createResultRecorder } from './apply/record-result.ts';
import { createPullSecretCache, type PullSecretCacheSettings } from './cache/cache.ts';
import type { EventQueue } from './events/event-queue.ts';
import { createFirstWrites } from './events/first-writes.ts';
import { createNamespaceProblems, type ProblemReason } from './events/namespace-problems.ts';
import { checkOptIn, hasOptInProblem } from './events/opt-in-problems.ts';
import { checkRole } from './events/role-problems.ts';
import { createOwnershipTracker } from './foreign/ownership.ts';
import { createPlanner } from './plan/plan-namespace.ts';
import { RESYNC_INTERVAL_MS, RETRY_FAILED, RETRY_REFUSED, WRITE_SLOTS } from './queue/pacing.ts';
import { createAttemptLimiter } from './queue/attempt-limiter.ts';
import { createRoutineWriteLimiter } from './queue/routine-write-limiter.ts';
import { createWorkQueue } from './queue/work-queue.ts';
import { createReconciler } from './reconciler.ts';
import { type PullSecretStatus, pullSecretStatusOf, setStatusMetrics } from './status/pull-secret-status.ts';

type PullSecretControllerSettings = PullSecretCacheSettings &
  Pick<RenewerConfiguration, 'optOutPolicy' | 'foreignSecretPolicy' | 'routineWritesPerSecond'>;

/**
 * Reconciles the pull secret of every target namespace: watch → cache → queue → plan → apply → status. There is at
 * most one write per namespace and reason, planned from metadata alone; only a secret that may belong to others is
 * read first. Namespaces whose pods cannot pull come first; a rotation takes its time.
 */
export function createPullSecretController(
  dependencies: RenewerDependencies & {
    readonly credentials: CredentialStore;
    readonly events: EventQueue;
  },
  settings: PullSecretControllerSettings,
  signal: AbortSignal,
) {
  const { client, clock, random, logger, metrics, credentials, events } = dependencies;
  const cache = createPullSecretCache(settings);
  const problems = createNamespaceProblems({ events, clock, logger }, settings);
  const firstWrites = createFirstWrites({ events, clock }, settings);
  const apiServerPause = createApiServerPause({ clock, random }, signal);
  const repairs = createAttemptLimiter({ clock, random });
  const foreign = createOwnershipTracker({ clock, random }, settings);
  const recordResult = createResultRecorder(
    { cache, problems, firstWrites, repairs, foreign, apiServerPause, clock, logger, metrics },
    settings,
  );
  const planFor = createPlanner({ cache, credentials, foreign, clock }, settings);
  const reconcile = createReconciler({ client, clock, planFor, repairs, foreign, problems, recordResult }, settings);
  const queue = createWorkQueue(
    { clock, random },
    {
      slots: WRITE_SLOTS,
      work: reconcile,
      ready: () => apiServerPause.ended(),
      retry: (error) => (isCodedError(error, 'ECRPS_PULL_SECRET_REFUSED') ? RETRY_REFUSED : RETRY_FAILED),
    },
    signal,
  );
  const rotation = createRoutineWriteLimiter(
    { clock, random, logger },
    {
      writesPerSecond: settings.routineWritesPerSecond,
      hasRoom: () => queue.hasRoom(),
      release: (namespace) => queue.add(namespace, 'routine'),
    },
  );

  function enqueue(namespace: string): void {
    const plan = planFor(namespace);
    if (!plan) problems.resolve(namespace, 'PullSecretRefused');
    else if (plan.isUrgent) queue.add(namespace, 'urgent');
    else rotation.add(namespace);
    if (cache.target(namespace)) return;
    // If the namespace becomes a target again, the problem is reported again.
    problems.resolve(namespace, 'PullSecretForeign');
    foreign.forgetFinding(namespace);
  }

  cache.setEventHandler({
    onChange: (namespace, object) => {
      // A namespace that refuses its secret is retried early if the secret changes, not if the namespace does.
      if (object === 'secret' || !queue.isBackingOff(namespace)) enqueue(namespace);
      if (object !== 'namespace') return;
      checkOptIn({ cache, problems }, namespace);
      checkRole({ cache, credentials, problems }, namespace);
    },
    onDelete: (namespace) => {
      for (const each of [problems, firstWrites, repairs, foreign, queue]) each.forget(namespace);
    },
    onRolesChange: () => credentials.setRolesInUse(cache.roles(), clock.now()),
  });

  async function resync(): Promise<void> {
    if (!cache.isComplete()) return;
    credentials.setRolesInUse(cache.roles(), clock.now());
    for (const each of repairs.pruneIdle()) problems.resolve(each, 'PullSecretContested');
    foreign.pruneIdle();
    const statuses: PullSecretStatus[] = [];
    for (const namespace of cache.namespaces()) {
      checkRole({ cache, credentials, problems }, namespace);
      if (hasOptInProblem(problems, namespace)) checkOptIn({ cache, problems }, namespace);
      if (!queue.isBackingOff(namespace)) enqueue(namespace);
      if (!cache.target(namespace)) continue;
      const hasProblem = (reason: ProblemReason) => problems.has(namespace, reason);
      const secret = cache.secret(namespace);
      statuses.push(pullSecretStatusOf(planFor(namespace), secret, hasProblem, clock.now()));
    }
    setStatusMetrics(metrics, statuses, problems);
  }

  return {
    reconcile,
    /** What is known about namespaces, for the parts that act on it. */
    cache,
    /** Follows namespaces and secrets until the signal aborts and the last write has a response. */
    run: async (): Promise<void> => {
      const resyncController = {
        name: 'pull secret',
        inputs: [credentials.changes],
        resyncMs: RESYNC_INTERVAL_MS,
        retry: RETRY_FAILED,
        reconcile: resync,
      };
      await Promise.all([
        runReflector({ client, clock, random, logger }, cache.namespaceReflector, signal),
        runReflector({ client, clock, random, logger }, cache.secretReflector, signal),
        runReconcileLoop({ clock, random, logger }, resyncController, signal),
        rotation.run(signal),
      ]);
      await queue.drained();
    },
  };
}
