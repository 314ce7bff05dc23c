import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import type { ServerPause } from '@ecr-pull-secrets/kube/pacing/server-pause.ts';
import { createThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';
import type { RenewerDependencies } from '../../dependencies.ts';
import type { PullSecretCache } from '../cache/cache.ts';
import type { NamespaceProblems } from '../events/namespace-problems.ts';
import {
  denialIdentity,
  denialMessage,
  foreignMessage,
  slowMessage,
} from '../events/event-messages.ts';
import type { ForeignSecrets } from '../foreign/foreign-secrets.ts';
import type { Plan } from '../plan/plan-namespace.ts';
import { SLOW_WRITE_MS } from '../queue/pacing.ts';
import type { RepairLimiter } from '../queue/repair-limiter.ts';
import type { PlanResult } from './execute-plan.ts';

export interface ResultRecorderDependencies
  extends Pick<RenewerDependencies, 'clock' | 'logger' | 'metrics'> {
  readonly cache: Pick<PullSecretCache, 'update'>;
  readonly problems: NamespaceProblems;
  readonly repairs: RepairLimiter;
  readonly foreign: ForeignSecrets;
  readonly serverPause: ServerPause;
}

/**
 * Records the result of a plan: in the cache, the limiters, the metrics, the log and Events.
 *
 * @throws the error of a plan that failed; ECRPS_PULL_SECRET_REFUSED if its cause is in the namespace
 */
export type RecordResult = (namespace: string, plan: Plan, result: PlanResult) => void;

export function createResultRecorder(
  dependencies: ResultRecorderDependencies,
  { secretName }: { readonly secretName: string },
): RecordResult {
  const { cache, problems, repairs, foreign, serverPause, clock, logger, metrics } = dependencies;
  const writeFailures = createThrottledLog(
    { clock, logger },
    'writing a pull secret failed; will retry',
  );
  const readFailures = createThrottledLog(
    { clock, logger },
    'reading a pull secret failed; will retry',
  );

  function recordSuccess(namespace: string, plan: Plan, result: PlanResult): void {
    serverPause.succeeded();
    if (result.kind === 'examined' && plan.kind === 'examine') {
      if (!result.finding) return;
      foreign.record(namespace, plan.dockerConfig, result.finding);
      const { foreignKeys } = result.finding;
      if (foreignKeys.length === 0) return;
      const message = foreignMessage(secretName, namespace, foreignKeys);
      return problems.report(namespace, { reason: 'PullSecretForeign', message });
    }
    problems.resolve(namespace, 'PullSecretRefused');
    if (result.kind === 'deleted') {
      metrics.secretWrites.inc({ result: 'deleted' });
      logger.info({ namespace }, 'deleted the pull secret of a namespace that opted out');
    }
    if (result.kind === 'written' && plan.kind === 'write') {
      cache.update(namespace, result.secret);
      repairs.written(namespace, plan.dockerConfig);
      foreign.forget(namespace);
      metrics.secretWrites.inc({ result: 'success' });
      logger.info({ namespace, reason: plan.write.reason }, 'wrote the pull secret');
      problems.resolve(namespace, 'PullSecretForeign');
      recordDuration(namespace, result.tookMs);
    }
  }

  function recordDuration(namespace: string, tookMs: number): void {
    if (tookMs < SLOW_WRITE_MS) return problems.resolve(namespace, 'PullSecretSlow');
    const message = slowMessage(secretName, tookMs);
    problems.report(namespace, { reason: 'PullSecretSlow', message, identity: 'slow' });
  }

  /** @returns the error for the work queue, whose back-off depends on it */
  function recordFailure(
    namespace: string,
    plan: Plan,
    { error, cause }: PlanResult & { readonly kind: 'failed' },
  ): unknown {
    // The deletion of a namespace deletes its secret, and the watch of secrets may report that first.
    if (cause.kind === 'gone') return error;
    const isRead = plan.kind === 'examine';
    const result = cause.kind === 'server' ? 'error' : cause.kind;
    if (!isRead) metrics.secretWrites.inc({ result });
    if (cause.kind === 'server') {
      serverPause.failed(error);
      (isRead ? readFailures : writeFailures).report(error, namespace);
      return error;
    }
    serverPause.succeeded();
    if (plan.kind === 'write') {
      repairs.missed(namespace, plan.dockerConfig, plan.write.resourceVersion);
    }
    if (cause.kind === 'conflict') {
      logger.debug({ namespace }, 'the pull secret changed meanwhile; will retry');
      return error;
    }
    const message = denialMessage(cause.cause, error, secretName);
    const identity = denialIdentity(message);
    problems.report(namespace, { reason: 'PullSecretRefused', message, identity });
    return createError('ECRPS_PULL_SECRET_REFUSED', message, error);
  }

  return (namespace, plan, result) => {
    if (result.kind === 'failed') throw recordFailure(namespace, plan, result);
    recordSuccess(namespace, plan, result);
  };
}
