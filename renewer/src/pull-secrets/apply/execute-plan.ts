import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import type { RenewerDependencies } from '../../dependencies.ts';
import { WRITE_LIMITS } from '@ecr-pull-secrets/kube/write-deadline.ts';
import type { ServerPause } from '@ecr-pull-secrets/kube/server-pause.ts';
import { createThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';
import { applyPullSecret, deletePullSecret } from './apply-pull-secret.ts';
import type { ForeignSecrets } from '../foreign/foreign-secrets.ts';
import type { NamespaceReports } from '../events/namespace-reports.ts';
import type { PlannedWork } from '../plan/plan-work.ts';
import { type PullSecretMetadata, readPullSecretMetadata } from '../cache/pull-secret-metadata.ts';
import { readForeignKeys } from '../foreign/read-foreign-keys.ts';
import { lookFailureOf, writeFailureOf } from './write-failure.ts';
import { foreignMessage, refusalMessage, slowMessage, topicOf } from '../events/event-messages.ts';
import type { RepairLimiter } from '../queue/repair-limiter.ts';
import { REMARKABLE_MS } from '../queue/write-slots.ts';

export interface PlanExecutorOptions
  extends Pick<RenewerDependencies, 'client' | 'clock' | 'logger' | 'metrics'> {
  /** The secret's name. */
  readonly name: string;
  readonly reports: NamespaceReports;
  readonly repairs: RepairLimiter;
  readonly foreign: ForeignSecrets;
  readonly pause: ServerPause;
  /** Told what the answer to a write said. */
  readonly learn: (namespace: string, state: PullSecretMetadata) => void;
}

/**
 * Does what was planned for a namespace's secret, and says in metrics, log and Events what came of it, unless
 * the signal aborted.
 *
 * @throws what stopped it, which is told of by then; ECRPS_PULL_SECRET_REFUSED if it is the namespace's own matter
 */
export type ExecutePlan = (
  namespace: string,
  work: PlannedWork,
  signal: AbortSignal,
) => Promise<void>;

export function createPlanExecutor(options: PlanExecutorOptions): ExecutePlan {
  const { client, clock, logger, metrics, name } = options;
  const { reports, repairs, foreign, pause, learn } = options;
  const trouble = createThrottledLog({ clock, logger }, 'writing a pull secret failed; will retry');
  const lookTrouble = createThrottledLog(
    { clock, logger },
    'finding out whose a pull secret is failed; will retry',
  );

  async function perform(namespace: string, work: PlannedWork, signal: AbortSignal): Promise<void> {
    const target = { client, namespace, name, signal };
    if (work.kind === 'delete') {
      await deletePullSecret(target, work.secret);
      metrics.secretWrites.inc({ result: 'deleted' });
      return logger.info({ namespace }, 'removed the pull secret of a namespace that opted out');
    }
    if (work.kind === 'examine') {
      const finding = await readForeignKeys(target, work.document, 'list');
      if (!finding) return;
      foreign.found(namespace, work.document, finding);
      if (finding.foreignKeys.length === 0) return;
      const message = foreignMessage(name, namespace, finding.foreignKeys);
      return reports.report(namespace, { reason: 'PullSecretForeign', message });
    }
    const metadata = await applyPullSecret(target, work.document, work.write);
    learn(namespace, readPullSecretMetadata(metadata));
    repairs.written(namespace, work.document);
    foreign.forget(namespace);
    metrics.secretWrites.inc({ result: 'success' });
    logger.info({ namespace, reason: work.write.reason }, 'wrote the pull secret');
    reports.clear(namespace, 'PullSecretForeign');
  }

  function reportPace(namespace: string, tookMs: number): void {
    if (tookMs < REMARKABLE_MS) return reports.clear(namespace, 'PullSecretSlow');
    const message = slowMessage(name, tookMs);
    reports.report(namespace, { reason: 'PullSecretSlow', message, topic: 'slow' });
  }

  /** Returns what the failure is to others. */
  function reportFailure(
    namespace: string,
    work: PlannedWork,
    { error, tookMs }: { readonly error: unknown; readonly tookMs: number },
  ): unknown {
    const isLook = work.kind === 'examine';
    const failure = isLook ? lookFailureOf(error) : writeFailureOf(error, tookMs);
    // A namespace that goes takes its secret along, of which the other watch may tell first.
    if (failure.kind === 'gone') return error;
    const result = failure.kind === 'server' ? 'error' : failure.kind;
    if (!isLook) metrics.secretWrites.inc({ result });
    if (failure.kind === 'server') {
      pause.failed(error);
      (isLook ? lookTrouble : trouble).report(error, namespace);
      return error;
    }
    pause.answered();
    if (work.kind === 'write') {
      repairs.missed(namespace, work.document, work.write.resourceVersion);
    }
    if (failure.kind === 'refused') {
      const message = refusalMessage(failure.cause, error, name);
      const topic = topicOf(message);
      reports.report(namespace, { reason: 'PullSecretRefused', message, topic });
      return createError('ECRPS_PULL_SECRET_REFUSED', message, error);
    }
    logger.debug({ namespace }, 'the pull secret changed meanwhile; looking again');
    return error;
  }

  /** A clock that jumped says nothing about how long something took. */
  function since(beganAtMs: number): number {
    const ms = clock.now() - beganAtMs;
    return ms <= WRITE_LIMITS.longestMs + REMARKABLE_MS ? ms : 0;
  }

  return async (namespace, work, signal) => {
    const beganAtMs = clock.now();
    try {
      await perform(namespace, work, signal);
    } catch (error) {
      const tookMs = since(beganAtMs);
      throw signal.aborted ? error : reportFailure(namespace, work, { error, tookMs });
    }
    pause.answered();
    if (work.kind === 'write') reportPace(namespace, since(beganAtMs));
    if (work.kind !== 'examine') reports.clear(namespace, 'PullSecretRefused');
  };
}
