import type { RenewerContext } from '../context.ts';
import type { ServerPause } from '../kube/server-pause.ts';
import { createTroubleLog } from '../kube/trouble-log.ts';
import { applyPullSecret, deletePullSecret } from './apply-pull-secret.ts';
import type { NamespaceReports } from './namespace-reports.ts';
import type { PlannedWork } from './plan-work.ts';
import { type PullSecretState, readPullSecretState } from './pull-secret-state.ts';
import { writeFailureOf } from './refusal.ts';
import { refusalMessage, topicOf } from './refusal-message.ts';
import type { RepairPace } from './repair-pace.ts';

export interface CarryOutOptions
  extends Pick<RenewerContext, 'client' | 'clock' | 'logger' | 'metrics'> {
  /** The secret's name. */
  readonly name: string;
  readonly reports: NamespaceReports;
  readonly repairs: RepairPace;
  readonly pause: ServerPause;
  /** Told what the answer to a write said. */
  readonly learn: (namespace: string, state: PullSecretState) => void;
  readonly signal: AbortSignal;
}

/**
 * Does what was planned for a namespace's secret, and says in metrics, log and Events what came of it.
 *
 * @throws what stopped it, which is told of by then
 */
export type CarryOut = (namespace: string, work: PlannedWork) => Promise<void>;

export function createCarryOut(options: CarryOutOptions): CarryOut {
  const { client, clock, logger, metrics, name, signal } = options;
  const { reports, repairs, pause, learn } = options;
  const trouble = createTroubleLog({ clock, logger }, 'writing a pull secret failed; will retry');

  async function perform(namespace: string, work: PlannedWork): Promise<void> {
    const target = { client, namespace, name, signal };
    if (work.kind === 'delete') {
      await deletePullSecret(target, work.secret);
      metrics.secretWrites.inc({ result: 'deleted' });
      return logger.info({ namespace }, 'removed the pull secret of a namespace that opted out');
    }
    const metadata = await applyPullSecret(target, work.document, work.write);
    learn(namespace, readPullSecretState(metadata));
    repairs.written(namespace, work.document);
    metrics.secretWrites.inc({ result: 'success' });
    logger.info({ namespace, reason: work.write.reason }, 'wrote the pull secret');
  }

  function tellFailure(namespace: string, work: PlannedWork, error: unknown): void {
    const failure = writeFailureOf(error);
    // A namespace that goes takes its secret along, of which the other watch may tell first.
    if (failure.kind === 'gone') return;
    metrics.secretWrites.inc({ result: failure.kind === 'server' ? 'error' : failure.kind });
    if (failure.kind === 'server') {
      pause.failed(error);
      return trouble.report(error, namespace);
    }
    pause.answered();
    if (work.kind === 'write') {
      repairs.missed(namespace, work.document, work.write.resourceVersion);
    }
    if (failure.kind === 'refused') {
      const message = refusalMessage(failure.answer, name);
      const topic = topicOf(message);
      return reports.report(namespace, { reason: 'PullSecretRefused', message, topic });
    }
    logger.debug({ namespace }, 'the pull secret changed meanwhile; looking again');
  }

  return async (namespace, work) => {
    try {
      await perform(namespace, work);
    } catch (error) {
      if (!signal.aborted) tellFailure(namespace, work, error);
      throw error;
    }
    pause.answered();
    reports.clear(namespace, 'PullSecretRefused');
  };
}
