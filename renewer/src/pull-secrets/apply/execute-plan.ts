import { deleteSecret, type SecretTarget } from '@ecr-pull-secrets/kube/secrets.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { startStopwatch } from '@ecr-pull-secrets/shared/runtime/stopwatch.ts';
import { type PullSecretMetadata, readPullSecretMetadata } from '../cache/pull-secret-metadata.ts';
import { type Finding, readForeignKeys } from '../foreign/read-foreign-keys.ts';
import type { Plan } from '../plan/plan-namespace.ts';
import { applyPullSecret } from './apply-pull-secret.ts';
import { type FailureCause, readFailureCauseOf, writeFailureCauseOf } from './failure-cause.ts';

/** The result of a plan's one request. */
export type PlanResult =
  | {
      readonly kind: 'written';
      readonly plan: PlanOf<'write'>;
      readonly secret: PullSecretMetadata;
      readonly tookMs: number;
    }
  | { readonly kind: 'deleted' }
  /** The finding is `undefined` if there is no secret. */
  | {
      readonly kind: 'examined';
      readonly plan: PlanOf<'read-owner'>;
      readonly finding: Finding | undefined;
    }
  | {
      readonly kind: 'failed';
      readonly plan: Plan;
      readonly error: unknown;
      readonly cause: FailureCause;
    };

type PlanOf<K extends Plan['kind']> = Extract<Plan, { readonly kind: K }>;

/**
 * Sends the one request of a plan.
 *
 * @throws the request's error if the signal aborted; any other failure is a result
 */
export async function executePlan(target: SecretTarget, plan: Plan, clock: Clock): Promise<PlanResult> {
  // A process that was stopped meanwhile must not blame an admission webhook for that time.
  const stopwatch = startStopwatch(clock);
  try {
    if (plan.kind === 'delete') {
      await deleteSecret(target, plan.secret);
      return { kind: 'deleted' };
    }
    if (plan.kind === 'read-owner') {
      const finding = await readForeignKeys(target, plan.dockerConfig, 'list');
      return { kind: 'examined', plan, finding };
    }
    const metadata = await applyPullSecret(target, plan.dockerConfig, plan.write);
    return { kind: 'written', plan, secret: readPullSecretMetadata(metadata), tookMs: stopwatch() };
  } catch (error) {
    if (target.signal.aborted) throw error;
    const isRead = plan.kind === 'read-owner';
    const cause = isRead ? readFailureCauseOf(error) : writeFailureCauseOf(error, stopwatch());
    return { kind: 'failed', plan, error, cause };
  } finally {
    stopwatch();
  }
}
