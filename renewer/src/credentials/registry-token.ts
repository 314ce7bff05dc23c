import { z } from 'zod';

/** The last instant that a date can be (ECMA-262, `TimeClip`). Beyond it `toISOString` throws. */
const MAX_DATE_MS = 8.64e15;

const instantMs = z.number().min(0).max(MAX_DATE_MS);

/** A login to one AWS identity's registries of one region. */
export const registryTokenSchema = z.object({
  /** `AWS` in practice; read from the token. */
  username: z.string(),
  password: z.string(),
  /** The registry as AWS names it, scheme included: `https://<account>.dkr.ecr.<region>.amazonaws.com`. */
  registry: z.string(),
  obtainedAtMs: instantMs,
  expiresAtMs: instantMs,
});

export type RegistryToken = Readonly<z.infer<typeof registryTokenSchema>>;

/** Tokens by the id of the request that they answer. */
export type RegistryTokens = ReadonlyMap<string, RegistryToken>;

/** What AWS documents for GetAuthorizationToken; no token is believed to live longer. */
export const LONGEST_TOKEN_LIFE_MS = 12 * 60 * 60 * 1000;

/** However soon a token is said to end, AWS is not asked more often than this. */
const SHORTEST_RENEWAL_MS = 10_000;

/** Share of a token's life after which it is renewed: tokens have failed before their time. */
const RENEWAL_SHARE = 0.5;

/** Renewals spread over this share of the half life, so that many clusters do not ask AWS together. */
const RENEWAL_JITTER = 0.1;

/**
 * The instant at which to renew: about half of the token's life, whatever nonsense AWS said about it.
 *
 * @param random - a number in [0, 1)
 */
export function renewalTimeMs(token: RegistryToken, random: () => number): number {
  const { obtainedAtMs, expiresAtMs } = token;
  const lifeMs = Math.min(expiresAtMs - obtainedAtMs, LONGEST_TOKEN_LIFE_MS);
  const share = RENEWAL_SHARE * (1 - RENEWAL_JITTER * random());
  return obtainedAtMs + Math.max(lifeMs * share, SHORTEST_RENEWAL_MS);
}

/** Tokens due within this share of their life are renewed with the one that is due: one write for all. */
const TOGETHER_SHARE = 0.15;

/** Whether a token may be renewed already now, to go with others. */
export function isNearRenewal(token: RegistryToken, renewAtMs: number, nowMs: number): boolean {
  return nowMs >= renewAtMs - (token.expiresAtMs - token.obtainedAtMs) * TOGETHER_SHARE;
}
