import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import type { ApiServerPause } from '@ecr-pull-secrets/kube/pacing/api-server-pause.ts';
import { createThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';
import type { RenewerDependencies } from '../../dependencies.ts';
import type { PullSecretCache } from '../cache/cache.ts';
import type { createFirstWrites } from '../events/first-writes.ts';
import type { NamespaceProblems } from '../events/namespace-problems.ts';
import { denialIdentity, denialMessage, foreignMessage, slowMessage } from '../events/event-messages.ts';
import type { OwnershipTracker } from '../foreign/ownership.ts';
import { SLOW_WRITE_MS } from '../queue/pacing.ts';
import type { AttemptLimiter } from '../queue/attempt-limiter.ts';
import type { PlanResult } from './execute-plan.ts';

type ResultOf<K extends PlanResult['kind']> = Extract<PlanResult, { readonly kind: K }>;

export function createResultRecorder(
  dependencies: Pick<RenewerDependencies, 'clock' | 'logger' | 'metrics'> & {
    readonly cache: Pick<PullSecretCache, 'update'>;
    readonly problems: NamespaceProblems;
    readonly firstWrites: ReturnType<typeof createFirstWrites>;
    readonly repairs: AttemptLimiter;
    readonly foreign: OwnershipTracker;
    readonly apiServerPause: ApiServerPause;
  },
  { pullSecretName }: { readonly pullSecretName: string },
) {
  const { cache, problems, firstWrites, repairs, foreign, apiServerPause, logger, metrics } = dependencies;
  const writeFailures = createThrottledLog(dependencies, 'writing a pull secret failed; will retry');
  const readFailures = createThrottledLog(dependencies, 'reading a pull secret failed; will retry');

  function recordFinding(namespace: string, { plan, finding }: ResultOf<'examined'>): void {
    if (!finding) return;
    foreign.record(namespace, plan.dockerConfig, finding);
    if (finding.foreignKeys.length === 0) return;
    const message = foreignMessage(pullSecretName, namespace, finding.foreignKeys);
    problems.report(namespace, { reason: 'PullSecretForeign', message });
  }

  function recordDeletion(namespace: string): void {
    problems.resolve(namespace, 'PullSecretRefused');
    metrics.secretWrites.inc({ result: 'deleted' });
    logger.info({ namespace }, 'deleted the pull secret of a namespace that opted out');
  }

  function recordWrite(namespace: string, { plan, secret, tookMs }: ResultOf<'written'>): void {
    cache.update(namespace, secret);
    repairs.written(namespace, plan.dockerConfig);
    foreign.forget(namespace);
    problems.resolve(namespace, 'PullSecretRefused');
    problems.resolve(namespace, 'PullSecretForeign');
    metrics.secretWrites.inc({ result: 'success' });
    logger.info({ namespace, reason: plan.write.reason }, 'wrote the pull secret');
    if (plan.write.reason === 'absent') firstWrites.written(namespace, plan.dockerConfig.expiresAtMs);
    if (tookMs < SLOW_WRITE_MS) return problems.resolve(namespace, 'PullSecretSlow');
    const message = slowMessage(pullSecretName, tookMs);
    problems.report(namespace, { reason: 'PullSecretSlow', message, identity: 'slow' });
  }

  /** @returns the error for the work queue, whose back-off depends on it */
  function recordFailure(namespace: string, { plan, error, cause }: ResultOf<'failed'>): unknown {
    // The deletion of a namespace deletes its secret, and the watch of secrets may report that first.
    if (cause.kind === 'gone') return error;
    const isRead = plan.kind === 'read-owner';
    const result = cause.kind === 'server' ? 'error' : cause.kind;
    if (!isRead) metrics.secretWrites.inc({ result });
    if (cause.kind === 'server') {
      apiServerPause.failed(error);
      (isRead ? readFailures : writeFailures).report(error, namespace);
      return error;
    }
    apiServerPause.succeeded();
    if (plan.kind === 'write') {
      repairs.missed(namespace, plan.dockerConfig, plan.write.resourceVersion);
    }
    if (cause.kind === 'conflict') {
      logger.debug({ namespace }, 'the pull secret changed meanwhile; will retry');
      return error;
    }
    const message = denialMessage(cause.cause, error, pullSecretName);
    const identity = denialIdentity(message);
    problems.report(namespace, { reason: 'PullSecretRefused', message, identity });
    return createError('ECRPS_PULL_SECRET_REFUSED', message, error);
  }

  /**
   * Records the result of a plan: in the cache, the limiters, the metrics, the log and Events.
   *
   * @throws the error of a plan that failed; ECRPS_PULL_SECRET_REFUSED if its cause is in the namespace
   */
  return (namespace: string, result: PlanResult): void => {
    if (result.kind === 'failed') throw recordFailure(namespace, result);
    apiServerPause.succeeded();
    if (result.kind === 'deleted') recordDeletion(namespace);
    if (result.kind === 'written') recordWrite(namespace, result);
    if (result.kind === 'examined') recordFinding(namespace, result);
  };
}
