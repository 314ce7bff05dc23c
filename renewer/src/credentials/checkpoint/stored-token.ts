import { formProblemOf, isEcrKey, quoteKey } from '../registries/registry-key.ts';
import type { RegistryToken } from '../registry-token.ts';
import { LONGEST_TOKEN_LIFE_MS } from '../renewal-policy.ts';

/** AWS refuses a signature whose time is five minutes from its own: the clocks of leaders differ by no more. */
const CLOCK_TOLERANCE_MS = 300_000;

/**
 * Why a token in a checkpoint cannot come from AWS, as the end of a sentence that begins with the
 * token; `undefined` if it can. Anyone who may write the checkpoint may have written it.
 *
 * It is as strict as `readToken`, and stricter about the registry, which must be a host of ECR: to refuse a stored
 * token costs a call to AWS, and to refuse AWS's answer would cost all pull secrets.
 */
export function problemOfStored(token: RegistryToken, nowMs: number): string | undefined {
  const { username, password, registry, obtainedAtMs, expiresAtMs } = token;
  if (!username || username.includes(':') || !password) return 'has no usable login';
  if (!isEcrKey(registry) || registry.includes('*') || formProblemOf(registry)) {
    return `is for ${quoteKey(registry)}, which is no registry of ECR`;
  }
  if (obtainedAtMs > nowMs + CLOCK_TOLERANCE_MS) return 'is from the future';
  const lifeMs = expiresAtMs - obtainedAtMs;
  return lifeMs > 0 && lifeMs <= LONGEST_TOKEN_LIFE_MS ? undefined : 'has a lifetime that tokens of AWS do not have';
}
