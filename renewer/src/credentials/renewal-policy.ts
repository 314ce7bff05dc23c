import type { BackOff } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { RegistryToken } from './registry-token.ts';

/** Share of a token's life after which it is renewed: tokens have failed before their time. */
const RENEWAL_SHARE = 1 / 2;

/** Renewals vary by this share of their wait, so that many clusters do not call AWS at the same time. */
const JITTER = 0.1;

/**
 * A token that is due within this share of its wait is renewed together with one that is due now: one write for
 * both. It is more than the jitter, so tokens of the same age always are.
 */
const COMBINED_SHARE = 0.3;

/** A pull secret expires soon if less than this share of the time between renewal and expiry is left. */
const EXPIRING_SHARE = 0.3;

/** What AWS documents for GetAuthorizationToken; no token is assumed to live longer. */
export const LONGEST_TOKEN_LIFE_MS = 12 * 60 * 60 * 1000;

/** However soon AWS says that a token expires, the next one is not requested before this. */
const SHORTEST_RENEWAL_MS = 10_000;

/** The wait after AWS gave no token. */
export const TOKEN_RETRY: BackOff = { baseMs: 1_000, capMs: 30_000 };

/**
 * The wait after a registry refused a new token: if it never accepts one, AWS is called about 20 times in the half of a
 * token's life that is left.
 */
export const REFUSED_RETRY: BackOff = { baseMs: 10_000, capMs: 30 * 60_000 };

/**
 * A token that registries accept is kept until this share of its life is left, 10 minutes of 12 hours, if they refuse
 * the next one: ten thousand secrets take 200 s (50 per second), and an expired token is of no use.
 */
const KEPT_SHARE = 1 / 72;

/** Renewal times are compared with the clock at least this often, so a suspended machine renews soon after it wakes. */
export const CHECK_INTERVAL_MS = 30_000;

/** How long a new token waits for others that are requested at the same time, so that one write has all. */
export const COLLECT_MS = 2_000;

/**
 * How long the credentials of an identity without a token are pending: AWS gives a token to an identity that is new in
 * use within seconds, or it refuses.
 */
export const PENDING_MS = 60_000;

type TokenDates = Pick<RegistryToken, 'obtainedAtMs' | 'expiresAtMs'>;

/** When tokens are renewed, and when their pull secrets count as expiring. */
export type RenewalPolicy = ReturnType<typeof createRenewalPolicy>;

/** @param renewalShare - share of a token's life after which it is renewed, between 0 and 1 */
export function createRenewalPolicy(renewalShare: number) {
  const waitOf = ({ obtainedAtMs, expiresAtMs }: TokenDates): number =>
    Math.min(expiresAtMs - obtainedAtMs, LONGEST_TOKEN_LIFE_MS) * renewalShare;
  return {
    /** The instant at which to renew a token, whatever AWS said about its life. */
    renewAtMs: (token: TokenDates, random: () => number): number =>
      token.obtainedAtMs + Math.max(waitOf(token) * (1 - JITTER * random()), SHORTEST_RENEWAL_MS),
    /** The instant from which on a token is renewed if another one is due. */
    combineFromMs: (token: RegistryToken, renewAtMs: number): number => renewAtMs - waitOf(token) * COMBINED_SHARE,
    /** The instant until which a token is kept if registries refuse the next one. */
    keepUntilMs: ({ obtainedAtMs, expiresAtMs }: RegistryToken): number =>
      expiresAtMs - Math.min(expiresAtMs - obtainedAtMs, LONGEST_TOKEN_LIFE_MS) * KEPT_SHARE,
    /** No renewal is further off than this, unless the clock was set back. */
    longestWaitMs: LONGEST_TOKEN_LIFE_MS * renewalShare,
    /**
     * Whether so little of a pull secret's life is left that its renewal must have failed.
     *
     * @param lifeMs - from the renewal of its newest token to the expiry of its first one
     */
    isExpiring: (expiresAtMs: number, lifeMs: number, nowMs: number): boolean =>
      nowMs >= expiresAtMs - lifeMs * (1 - renewalShare) * EXPIRING_SHARE,
  };
}

/** The policy of the product. */
export const RENEWAL_POLICY = createRenewalPolicy(RENEWAL_SHARE);
