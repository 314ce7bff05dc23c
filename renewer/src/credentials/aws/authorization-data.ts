import type { AuthorizationData } from '@aws-sdk/client-ecr';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { formProblemOf, quoteKey } from '../registries/registry-key.ts';
import type { RegistryToken } from '../registry-token.ts';
import { LONGEST_TOKEN_LIFE_MS } from '../renewal-policy.ts';

/**
 * Reads AWS's answer. An expiry that is missing, broken or too far counts as twelve hours.
 *
 * @throws ECRPS_TOKEN_INVALID if the answer lacks a token or a registry, if the registry cannot be a key of
 *   `auths`, or if the token has expired by our clock and is of no use; it never quotes the token
 */
export function readToken(data: AuthorizationData | undefined, nowMs: number): RegistryToken {
  const [username, password] = splitOnce(Buffer.from(data?.authorizationToken ?? '', 'base64').toString());
  if (!username || !password || !data?.proxyEndpoint) {
    throw createError('ECRPS_TOKEN_INVALID', 'AWS’s answer holds no usable token');
  }
  checkRegistry(data.proxyEndpoint);
  const expiresAtMs = data.expiresAt?.getTime() ?? Number.NaN;
  if (expiresAtMs <= nowMs) {
    const [expiresAt, now] = [expiresAtMs, nowMs].map((ms) => new Date(ms).toISOString());
    const message = `AWS gave a token that expired at ${expiresAt}; is the clock of this machine, ${now}, right?`;
    throw createError('ECRPS_TOKEN_INVALID', message);
  }
  const latestMs = nowMs + LONGEST_TOKEN_LIFE_MS;
  return {
    username,
    password,
    registry: data.proxyEndpoint,
    obtainedAtMs: nowMs,
    expiresAtMs: Number.isFinite(expiresAtMs) ? Math.min(expiresAtMs, latestMs) : latestMs,
  };
}

/**
 * The registry becomes a key if none is configured. Its domain is not checked: the answer comes from the configured
 * endpoint, a stand-in for ECR has a domain of its own, and AWS adds one each year.
 */
function checkRegistry(registry: string): void {
  const problem = registry.includes('*') ? 'has a wildcard' : formProblemOf(registry);
  if (problem === undefined) return;
  const message = `AWS’s answer names the registry ${quoteKey(registry)}, which ${problem}`;
  throw createError('ECRPS_TOKEN_INVALID', message);
}

function splitOnce(text: string): readonly [before: string, after: string] {
  const colon = text.indexOf(':');
  return colon === -1 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
}
