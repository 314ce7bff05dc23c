import { formProblemOf, isEcrKey, quoteKey } from '../registries/registry-key.ts';
import type { RegistryToken } from '../registry-token.ts';
import { LONGEST_TOKEN_LIFE_MS } from '../renewal-policy.ts';

/** AWS refuses a signature whose time is five minutes from its own: clocks of leaders differ by no more. */
const CLOCK_TOLERANCE_MS = 300_000;

/**
 * Why a token that a checkpoint holds is none that AWS gave, as the end of a sentence that begins with the
 * token; `undefined` if it may be one. Anyone who may write the checkpoint may have written it.
 *
 * It is as strict as `readToken`, and the registry is a host of ECR that is known here: to refuse a kept
 * token costs a call to AWS, and to refuse AWS's answer costs all pull secrets.
 */
export function problemOfKept(token: RegistryToken, nowMs: number): string | undefined {
  const { username, password, registry, obtainedAtMs, expiresAtMs } = token;
  if (!username || username.includes(':') || !password) return 'has no usable login';
  if (!isEcrKey(registry) || registry.includes('*') || formProblemOf(registry)) {
    return `is for ${quoteKey(registry)}, which is no registry of ECR`;
  }
  if (obtainedAtMs > nowMs + CLOCK_TOLERANCE_MS) return 'is of the future';
  const lifeMs = expiresAtMs - obtainedAtMs;
  return lifeMs > 0 && lifeMs <= LONGEST_TOKEN_LIFE_MS
    ? undefined
    : 'does not live as long as those of AWS do';
}
