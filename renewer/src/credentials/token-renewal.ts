import { backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import type { TokenSource } from './aws/aws-token-source.ts';
import type { NewTokenCheck } from './canary/new-token-check.ts';
import { finishedGroups } from './finished-groups.ts';
import { alignAttempts, type ManagedToken } from './managed-token.ts';
import { isValid, type RegistryToken } from './registry-token.ts';
import { REFUSED_RETRY, type RenewalPolicy, TOKEN_RETRY } from './renewal-policy.ts';
import type { TokenReports } from './reports/token-reports.ts';

export interface TokenRenewalDependencies extends Pick<RenewerDependencies, 'clock' | 'random' | 'logger' | 'metrics'> {
  readonly tokenSource: TokenSource;
  readonly check: NewTokenCheck;
  readonly reports: TokenReports;
}

/** A token that AWS gave, and that is not used yet. */
interface NewToken {
  readonly managed: ManagedToken;
  readonly token: RegistryToken;
}

/**
 * Requests tokens, has those tried that replace an older one, and sets when each is requested again.
 *
 * @param settings - `latest` gets the tokens that are used; `settle` is called for those whose attempt is over; `watch`
 * tries a token that is used until the registries accept it
 */
export function createTokenRenewal(
  { tokenSource, check, reports, clock, random, logger, metrics }: TokenRenewalDependencies,
  {
    latest,
    policy,
    settle,
    watch,
  }: {
    readonly latest: Map<string, RegistryToken>;
    readonly policy: RenewalPolicy;
    readonly settle: (finished: readonly ManagedToken[]) => void;
    readonly watch: (id: string, token: RegistryToken) => Promise<void>;
  },
  signal: AbortSignal,
) {
  async function request(managed: ManagedToken, obtained: NewToken[]): Promise<void> {
    const { id } = managed.request;
    try {
      const token = await tokenSource(managed.request, signal);
      obtained.push({ managed, token });
      metrics.tokenRequests.inc({ result: 'success' });
      reports.obtained(managed.request);
    } catch (error) {
      if (signal.aborted) return;
      managed.nextAttemptMs = clock.now() + backOffMs(managed.failures++, TOKEN_RETRY, random);
      metrics.tokenRequests.inc({ result: 'error' });
      const token = latest.get(id);
      const aliveUntil = token && formatInstant(token.expiresAtMs);
      const { failures } = managed;
      logger.error({ err: error, failures, aliveUntil }, 'getting a registry token failed; will retry');
      reports.failed(managed.request, failures, error);
    }
  }

  function use({ managed, token }: NewToken): void {
    const { id } = managed.request;
    latest.set(id, token);
    managed.failures = 0;
    managed.nextAttemptMs = policy.renewAtMs(token, random);
    const times = {
      expiresAt: formatInstant(token.expiresAtMs),
      renewAt: formatInstant(managed.nextAttemptMs),
    };
    logger.info({ token: id, ...times }, 'got a registry token');
  }

  /**
   * Uses a token or keeps the older one, which is valid.
   *
   * @returns whether the token is used although a registry refuses it
   */
  async function replace({ managed, token }: NewToken, older: RegistryToken): Promise<boolean> {
    const verdict = await check.compare(managed.request.id, token, older);
    if (signal.aborted) return false;
    if (verdict === 'keep-older') {
      const retryAtMs = clock.now() + backOffMs(managed.failures++, REFUSED_RETRY, random);
      managed.nextAttemptMs = Math.min(retryAtMs, policy.keepUntilMs(older));
      return false;
    }
    use({ managed, token });
    return verdict === 'use-refused';
  }

  async function finish(finished: readonly ManagedToken[], obtained: readonly NewToken[]): Promise<void> {
    const nowMs = clock.now();
    const news = obtained.filter(({ managed }) => finished.includes(managed));
    const failed = finished.filter((managed) => !news.some((each) => each.managed === managed));
    const olderOf = ({ managed }: NewToken): RegistryToken | undefined => latest.get(managed.request.id);
    const first = news.filter((each) => !isValid(olderOf(each), nowMs));
    alignAttempts(failed);
    // Pods wait for these; the older tokens of the others are good meanwhile.
    for (const each of first) use(each);
    settle([...failed, ...first.map(({ managed }) => managed)]);
    const watchNew = ({ managed, token }: NewToken): Promise<void> => watch(managed.request.id, token);
    const watches = first.map(watchNew);
    const refused: NewToken[] = [];
    const replacing = news.filter((each) => !first.includes(each));
    await Promise.all(
      replacing.map(async (each) => {
        const older = olderOf(each);
        if (older && (await replace(each, older))) refused.push(each);
      }),
    );
    if (replacing.length > 0) settle(replacing.map(({ managed }) => managed));
    await Promise.all([...watches, ...refused.map(watchNew)]);
  }

  /**
   * Publishes and retries together those that finish at about the same time; resolves when no token is tried any more.
   */
  return async (due: readonly ManagedToken[]): Promise<void> => {
    const obtained: NewToken[] = [];
    const groups: Promise<void>[] = [];
    for (const managed of due) managed.isInFlight = true;
    const work = (managed: ManagedToken): Promise<void> => request(managed, obtained);
    for await (const finished of finishedGroups(clock, due, work, signal)) groups.push(finish(finished, [...obtained]));
    await Promise.all(groups);
  };
}

/** Never throws: it is part of the log line of a failure, which must not end the loop. */
function formatInstant(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? 'never' : date.toISOString();
}
