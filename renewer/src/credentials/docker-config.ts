import { isValid, type RegistryToken, type RegistryTokens } from './registry-token.ts';
import type { TokenPlan } from './token-plan.ts';

/** What is written into a pull secret. */
export interface DockerConfig {
  /** The value of `.dockerconfigjson`: JSON text that holds credentials. */
  readonly dockerConfigJson: string;
  /** When the first of its tokens expires. */
  readonly expiresAtMs: number;
  /** When the newest of its tokens was obtained. */
  readonly renewedAtMs: number;
  /** See `TokenPlan`. */
  readonly planHash: string;
  /** Whether each registry of the plan is in it; tokens that AWS does not give are absent. */
  readonly isComplete: boolean;
}

/**
 * Docker requires an `email` in each entry, and the kubelet ignores it; `invalid` is a domain that
 * never exists (RFC 2606).
 */
export const EMAIL = 'ecr-pull-secrets@example.invalid';

/**
 * Puts the token of the plan under each registry's key, which stays as configured because some consumers search for the
 * exact text.
 *
 * @returns `undefined` if no token of the plan is valid
 */
export function createDockerConfig(plan: TokenPlan, tokens: RegistryTokens, nowMs: number): DockerConfig | undefined {
  const found = plan.entries.flatMap(({ key, tokenId }) => {
    const token = tokens.get(tokenId);
    return isValid(token, nowMs) ? [{ key: key ?? token.registry, token }] : [];
  });
  if (found.length === 0) return undefined;
  const auths = Object.fromEntries(found.map(({ key, token }) => [key, credentialsOf(token)]));
  return {
    dockerConfigJson: JSON.stringify({ auths }),
    expiresAtMs: Math.min(...found.map(({ token }) => token.expiresAtMs)),
    renewedAtMs: Math.max(...found.map(({ token }) => token.obtainedAtMs)),
    planHash: plan.planHash,
    isComplete: found.length === plan.entries.length,
  };
}

/** A docker config without credentials, which counts as expired since an instant. */
export function createEmptyDockerConfig({ planHash }: TokenPlan, sinceMs: number): DockerConfig {
  const dockerConfigJson = JSON.stringify({ auths: {} });
  return {
    dockerConfigJson,
    expiresAtMs: sinceMs,
    renewedAtMs: sinceMs,
    planHash,
    isComplete: false,
  };
}

function credentialsOf({ username, password }: RegistryToken): Readonly<Record<string, string>> {
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  return { username, password, email: EMAIL, auth };
}
