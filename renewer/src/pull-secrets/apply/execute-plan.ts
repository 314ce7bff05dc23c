import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { WRITE_LIMITS } from '@ecr-pull-secrets/kube/pacing/write-deadlines.ts';
import { type PullSecretMetadata, readPullSecretMetadata } from '../cache/pull-secret-metadata.ts';
import { type Finding, readForeignKeys } from '../foreign/read-foreign-keys.ts';
import type { Plan } from '../plan/plan-namespace.ts';
import { SLOW_WRITE_MS } from '../queue/pacing.ts';
import { applyPullSecret, deletePullSecret, type PullSecretTarget } from './apply-pull-secret.ts';
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
export async function executePlan(target: PullSecretTarget, plan: Plan, clock: Clock): Promise<PlanResult> {
  const startedAtMs = clock.now();
  try {
    if (plan.kind === 'delete') {
      await deletePullSecret(target, plan.secret);
      return { kind: 'deleted' };
    }
    if (plan.kind === 'read-owner') {
      const finding = await readForeignKeys(target, plan.dockerConfig, 'list');
      return { kind: 'examined', plan, finding };
    }
    const metadata = await applyPullSecret(target, plan.dockerConfig, plan.write);
    const tookMs = elapsedMs(clock, startedAtMs);
    return { kind: 'written', plan, secret: readPullSecretMetadata(metadata), tookMs };
  } catch (error) {
    if (target.signal.aborted) throw error;
    const tookMs = elapsedMs(clock, startedAtMs);
    const isRead = plan.kind === 'read-owner';
    const cause = isRead ? readFailureCauseOf(error) : writeFailureCauseOf(error, tookMs);
    return { kind: 'failed', plan, error, cause };
  }
}

/** No time at all if the clock jumped meanwhile: no request takes longer than the limit. */
function elapsedMs(clock: Clock, startedAtMs: number): number {
  const ms = clock.now() - startedAtMs;
  return ms <= WRITE_LIMITS.longestMs + SLOW_WRITE_MS ? ms : 0;
}
