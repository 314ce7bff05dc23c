import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import type { RenewerMetrics } from '../metrics.ts';
import { createObservable, firstChange } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import type { TokenSource } from './aws/aws-token-source.ts';
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

/** How long an answer waits for those of other tokens, so that one write carries all. */
const GATHER_MS = 2_000;

export interface TokenRenewerOptions {
  readonly tokenSource: TokenSource;
  /** Tokens of an earlier leader; those alive are used, and renewed when due. */
  readonly initial: RegistryTokens;
  /**
   * Told whenever others are required or AWS gave new ones: of the required tokens, and of all that live,
   * which are worth keeping. Who needs a role's token may be known a moment after the start only.
   */
  readonly onTokens: (required: RegistryTokens, living: RegistryTokens) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: RenewerMetrics;
  readonly signal: AbortSignal;
}

export interface TokenRenewer {
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
  /** Whether AWS is being asked. */
  isUnderWay: boolean;
}

/**
 * Gets each required token at once and renews it at about half of its life, those of about the same age
 * together. A failure changes nothing: the last token stays, and AWS is asked again after a growing,
 * random wait.
 */
export function createTokenRenewer(options: TokenRenewerOptions): TokenRenewer {
  const { tokenSource, initial, onTokens, clock, random, logger, metrics, signal } = options;
  const keepings = createObservable<ReadonlyMap<string, Keeping>>(new Map());
  const settled = createObservable<object>({});
  const newest = new Map(initial);
  /**
   * Every token that was ever required: a tenant who removes the annotation of a refused role and sets it again must
   * not have AWS asked before the back-off is over. As many as the configuration can name.
   */
  const known = new Map<string, Keeping>();

  function startKeeping(request: TokenRequest): Keeping {
    const keeping = known.get(request.id) ?? begin(request);
    known.set(request.id, keeping);
    const isRequired = keepings.get().has(request.id);
    if (!isRequired && (keeping.token?.expiresAtMs ?? 0) <= clock.now()) keeping.token = undefined;
    return keeping;
  }

  function begin(request: TokenRequest): Keeping {
    const token = newest.get(request.id);
    const isAlive = token && token.expiresAtMs > clock.now();
    return {
      request,
      token: isAlive ? token : undefined,
      nextTryMs: isAlive ? renewalTimeMs(token, random) : clock.now(),
      failures: 0,
      isUnderWay: false,
    };
  }

  function tellTokens(): void {
    const required = new Map<string, RegistryToken>();
    metrics.tokenExpiry.reset();
    for (const [id, { token }] of keepings.get()) {
      if (!token) continue;
      required.set(id, token);
      metrics.tokenExpiry.set({ token: id }, token.expiresAtMs / 1000);
    }
    const living = [...newest].filter(([, { expiresAtMs }]) => expiresAtMs > clock.now());
    onTokens(required, new Map(living));
  }

  /** @returns whether there is a new token */
  async function renew(keeping: Keeping): Promise<boolean> {
    const { request } = keeping;
    try {
      const token = await tokenSource(request, signal);
      newest.set(request.id, token);
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
      const aliveUntil = token && formatInstant(token.expiresAtMs);
      logger.error(
        { err: error, failures, aliveUntil },
        'getting a registry token failed; will retry',
      );
      return false;
    }
  }

  /** Those that end at about the same time are told of and tried again together; slow ones keep nobody. */
  async function renewAll(due: readonly Keeping[]): Promise<void> {
    const ended = new Map<Keeping, boolean>();
    const underWay = new Map<Keeping, Promise<void>>();
    for (const keeping of due) {
      keeping.isUnderWay = true;
      const renewal = renew(keeping).then((isNew) => void ended.set(keeping, isNew));
      underWay.set(keeping, renewal);
    }
    while (underWay.size > 0) {
      await Promise.race(underWay.values());
      await gather(Promise.all(underWay.values()));
      for (const keeping of ended.keys()) underWay.delete(keeping);
      settle(ended);
      ended.clear();
    }
  }

  async function gather(all: Promise<unknown>): Promise<void> {
    const gathered = new AbortController();
    const gathering = clock.sleep(GATHER_MS, AbortSignal.any([signal, gathered.signal]));
    await Promise.race([all, gathering]);
    gathered.abort();
  }

  function settle(ended: ReadonlyMap<Keeping, boolean>): void {
    tryTogether([...ended.keys()].filter(({ failures }) => failures > 0));
    for (const keeping of ended.keys()) keeping.isUnderWay = false;
    settled.set({});
    if ([...ended.values()].includes(true)) tellTokens();
  }

  /** Starts whatever is due until the signal aborts; what is under way then ends by the same signal. */
  async function startWhenDue(start: (due: readonly Keeping[]) => void): Promise<void> {
    while (!signal.aborted) {
      const [required, lastSettled, now] = [keepings.get(), settled.get(), clock.now()];
      const idle = [...required.values()].filter(({ isUnderWay }) => !isUnderWay);
      if (idle.some((keeping) => isDue(keeping, now))) {
        start(idle.filter((keeping) => isDueTogether(keeping, now)));
        continue;
      }
      const nextMs = Math.min(...idle.map(({ nextTryMs }) => nextTryMs - now), LONGEST_SLEEP_MS);
      await firstChange({ clock, withinMs: nextMs, signal }, [
        (wait) => keepings.changedFrom(required, wait),
        (wait) => settled.changedFrom(lastSettled, wait),
      ]);
    }
  }

  return {
    require: (requests) => {
      keepings.set(new Map(requests.map((request) => [request.id, startKeeping(request)])));
      tellTokens();
    },
    run: async () => {
      const renewals = new Set<Promise<void>>();
      const defect = Promise.withResolvers<never>();
      const starting = startWhenDue((due) => {
        const renewal = renewAll(due).catch(defect.reject);
        renewals.add(renewal);
        void renewal.finally(() => renewals.delete(renewal));
      });
      await Promise.race([starting, defect.promise]);
      await Promise.race([Promise.all(renewals), defect.promise]);
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
    expiresAt: formatInstant(expiresAtMs),
    renewAt: formatInstant(nextTryMs),
  };
}

/** Never throws: it words what is logged of a failure, which must not end the loop. */
function formatInstant(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? 'never' : date.toISOString();
}
