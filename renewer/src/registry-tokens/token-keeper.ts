import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/back-off.ts';
import type { Clock } from '@ecr-pull-secrets/shared/clock.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import type { RenewerMetrics } from '../metrics.ts';
import { createObserved } from '../observed.ts';
import type { TokenSource } from './aws-token-source.ts';
import {
  isNearRenewal,
  LONGEST_TOKEN_LIFE_MS,
  type RegistryToken,
  type RegistryTokens,
  renewalTimeMs,
} from './registry-token.ts';
import type { TokenRequest } from './token-plan.ts';

const RETRY: BackOff = { baseMs: 1_000, capMs: 30_000 };

/** The clock is compared at least this often, so a suspended machine renews soon after it wakes. */
const LONGEST_SLEEP_MS = 30_000;

/** How long tokens that are there wait for slower ones, so that one write carries all. */
const GATHER_MS = 2_000;

export interface TokenKeeperOptions {
  readonly tokenSource: TokenSource;
  /** Tokens of an earlier leader; those alive are used, and renewed when due. */
  readonly initial: RegistryTokens;
  /** Told of all tokens whenever others are required or AWS gave a new one, which is then worth keeping. */
  readonly onTokens: (tokens: RegistryTokens, isNew: boolean) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: RenewerMetrics;
  readonly signal: AbortSignal;
}

export interface TokenKeeper {
  /** From now on gets and renews these tokens, instead of those asked for before. */
  require(requests: readonly TokenRequest[]): void;
  /** Works until the signal aborts. */
  run(): Promise<void>;
}

/** One token's life. */
interface Keeping {
  readonly request: TokenRequest;
  token: RegistryToken | undefined;
  nextTryMs: number;
  failures: number;
}

/**
 * Gets each required token at once and renews it at about half of its life, those of about the same age
 * together. A failure changes nothing: the last token stays, and AWS is asked again after a growing,
 * random wait.
 */
export function createTokenKeeper(options: TokenKeeperOptions): TokenKeeper {
  const { tokenSource, initial, onTokens, clock, random, logger, metrics, signal } = options;
  const keepings = createObserved<ReadonlyMap<string, Keeping>>(new Map());

  function startKeeping(request: TokenRequest): Keeping {
    const known = keepings.get().get(request.id);
    if (known) return known;
    const token = initial.get(request.id);
    if (!token || token.expiresAtMs <= clock.now()) {
      return { request, token: undefined, nextTryMs: clock.now(), failures: 0 };
    }
    return { request, token, nextTryMs: renewalTimeMs(token, random), failures: 0 };
  }

  function tellTokens(isNew: boolean): void {
    const tokens = new Map<string, RegistryToken>();
    metrics.tokenExpiry.reset();
    for (const [id, { token }] of keepings.get()) {
      if (!token) continue;
      tokens.set(id, token);
      metrics.tokenExpiry.set({ token: id }, token.expiresAtMs / 1000);
    }
    onTokens(tokens, isNew);
  }

  async function renew(keeping: Keeping): Promise<boolean> {
    const { request } = keeping;
    try {
      const token = await tokenSource(request, signal);
      keeping.token = token;
      keeping.failures = 0;
      keeping.nextTryMs = renewalTimeMs(token, random);
      metrics.tokenRequests.inc({ result: 'success' });
      logger.info({ token: request.id, ...timesOf(keeping, token) }, 'got a registry token');
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      keeping.nextTryMs = clock.now() + backOffMs(keeping.failures++, RETRY, random);
      metrics.tokenRequests.inc({ result: 'error' });
      const { failures, token } = keeping;
      const aliveUntil = token && new Date(token.expiresAtMs).toISOString();
      logger.error(
        { err: error, failures, aliveUntil },
        'getting a registry token failed; will retry',
      );
      return false;
    }
  }

  /** Tokens that come soon are told of together; slow ones keep nobody waiting. */
  async function renewAll(due: readonly Keeping[]): Promise<void> {
    let untold = 0;
    const tell = (): void => {
      if (untold > 0) tellTokens(true);
      untold = 0;
    };
    const all = Promise.all(
      due.map(async (keeping) => {
        if (await renew(keeping)) untold++;
      }),
    );
    const gathered = new AbortController();
    const gathering = clock.sleep(GATHER_MS, AbortSignal.any([signal, gathered.signal]));
    await Promise.race([all, gathering]);
    gathered.abort();
    tell();
    await all;
    tell();
    tryTogether(due.filter(({ failures }) => failures > 0));
  }

  return {
    require: (requests) => {
      keepings.set(new Map(requests.map((request) => [request.id, startKeeping(request)])));
      tellTokens(false);
    },
    run: async () => {
      while (!signal.aborted) {
        const known = keepings.get();
        const now = clock.now();
        const all = [...known.values()];
        if (all.some((keeping) => isDue(keeping, now))) {
          await renewAll(all.filter((keeping) => isDueTogether(keeping, now)));
          continue;
        }
        const nextMs = Math.min(...all.map(({ nextTryMs }) => nextTryMs - now), LONGEST_SLEEP_MS);
        await keepings.changedFrom(known, { clock, withinMs: nextMs, signal });
      }
    },
  };
}

/**
 * Tokens that failed together are tried again together, after the longest of their waits: when AWS is back
 * they come in one piece, and each secret is written once.
 */
function tryTogether(failed: readonly Keeping[]): void {
  const nextTryMs = Math.max(...failed.map((keeping) => keeping.nextTryMs));
  for (const keeping of failed) keeping.nextTryMs = nextTryMs;
}

/** A wait that is longer than any can be was reckoned by a clock that has been set back since. */
function isDue({ nextTryMs }: Keeping, nowMs: number): boolean {
  return nextTryMs <= nowMs || nextTryMs - nowMs > LONGEST_TOKEN_LIFE_MS / 2;
}

function isDueTogether(keeping: Keeping, nowMs: number): boolean {
  const { token, nextTryMs, failures } = keeping;
  if (isDue(keeping, nowMs)) return true;
  return failures === 0 && token !== undefined && isNearRenewal(token, nextTryMs, nowMs);
}

function timesOf(
  { nextTryMs }: Keeping,
  { expiresAtMs }: RegistryToken,
): { expiresAt: string; renewAt: string } {
  return {
    expiresAt: new Date(expiresAtMs).toISOString(),
    renewAt: new Date(nextTryMs).toISOString(),
  };
}
