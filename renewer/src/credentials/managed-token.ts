import type { RegistryToken } from './registry-token.ts';
import type { RenewalPolicy } from './renewal-policy.ts';
import type { TokenRequest } from './token-plan.ts';

/** A token that is or was required, and when to request it. */
export interface ManagedToken {
  readonly request: TokenRequest;
  nextAttemptMs: number;
  failures: number;
  isInFlight: boolean;
}

/** A renewal further off than possible means that the clock was set back: renew now. */
export function isDue({ nextAttemptMs }: ManagedToken, policy: RenewalPolicy, nowMs: number): boolean {
  return nextAttemptMs <= nowMs || nextAttemptMs - nowMs > policy.longestWaitMs;
}

/** Whether a token that is not due may be renewed together with one that is. */
export function isNearlyDue(
  { nextAttemptMs, failures }: ManagedToken,
  token: RegistryToken | undefined,
  policy: RenewalPolicy,
  nowMs: number,
): boolean {
  if (failures > 0 || !token) return false;
  return nowMs >= policy.combineFromMs(token, nextAttemptMs);
}

/**
 * Attempts that failed together are repeated together, after the longest of their waits: when AWS is back
 * the tokens come in one piece, and each secret is written once.
 */
export function alignAttempts(failed: readonly ManagedToken[]): void {
  const nextAttemptMs = Math.max(...failed.map((managed) => managed.nextAttemptMs));
  for (const managed of failed) managed.nextAttemptMs = nextAttemptMs;
}
