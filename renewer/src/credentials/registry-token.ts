import * as z from 'zod';

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

/** Tokens by the id of their request. */
export type RegistryTokens = ReadonlyMap<string, RegistryToken>;

/** Whether a token is there and has not expired. */
export function isValid(token: RegistryToken | undefined, nowMs: number): token is RegistryToken {
  return token !== undefined && token.expiresAtMs > nowMs;
}

/** The tokens that have not expired. */
export function validTokens(tokens: RegistryTokens, nowMs: number): RegistryTokens {
  return new Map([...tokens].filter(([, token]) => isValid(token, nowMs)));
}
