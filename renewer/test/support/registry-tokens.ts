import type { RegistryToken } from '../../src/credentials/registry-token.ts';

export const HOUR_MS = 3_600_000;
export const NOW_MS = Date.UTC(2026, 0, 1);

export const EAST = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
export const WEST = '123456789012.dkr.ecr.us-west-2.amazonaws.com';

/** A token that lives for twelve hours from the moment that it was got. */
export function registryToken(changes: Partial<RegistryToken> = {}): RegistryToken {
  const { obtainedAtMs = NOW_MS } = changes;
  return {
    username: 'AWS',
    password: 'pass:word',
    registry: `https://${EAST}`,
    obtainedAtMs,
    expiresAtMs: obtainedAtMs + 12 * HOUR_MS,
    ...changes,
  };
}
