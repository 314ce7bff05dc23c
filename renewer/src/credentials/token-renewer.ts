import { backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import { createObservable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import { runReconcileLoop } from '@ecr-pull-secrets/shared/runtime/reconcile-loop.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import type { TokenSource } from './aws/aws-token-source.ts';
import { finishedGroups } from './finished-groups.ts';
import { alignAttempts, isDue, isNearlyDue, type ManagedToken } from './managed-token.ts';
import { isValid, type RegistryToken, type RegistryTokens, validTokens } from './registry-token.ts';
import { CHECK_INTERVAL_MS, RENEWAL_POLICY, type RenewalPolicy, TOKEN_RETRY } from './renewal-policy.ts';
import type { TokenRequest } from './token-plan.ts';

/** The valid tokens, and what is to be renewed. */
export type TokenRenewer = ReturnType<typeof createTokenRenewer>;

/**
 * Gets each required token at once and renews it when the policy says so, those of about the same age together. A
 * failure changes nothing: the last token stays, and AWS is called again after a growing, random wait.
 *
 * @param settings - tokens of an earlier leader; those that have not expired are used, and renewed when due
 */
export function createTokenRenewer(
  {
    tokenSource,
    clock,
    random,
    logger,
    metrics,
  }: Pick<RenewerDependencies, 'clock' | 'random' | 'logger' | 'metrics'> & {
    readonly tokenSource: TokenSource;
  },
  {
    initialTokens,
    policy = RENEWAL_POLICY,
  }: { readonly initialTokens: RegistryTokens; readonly policy?: RenewalPolicy },
  signal: AbortSignal,
) {
  const latest = new Map(initialTokens);
  const tokens = createObservable(validTokens(latest, clock.now()));
  const required = createObservable<ReadonlyMap<string, ManagedToken>>(new Map());
  const settled = createObservable<object>({});
  /**
   * Every token that was ever required: a tenant who removes the annotation of a refused role and sets it again must
   * not cause a call to AWS before the back-off is over. There are as many as the configuration can name.
   */
  const managedTokens = new Map<string, ManagedToken>();

  function manage(request: TokenRequest): ManagedToken {
    const { id } = request;
    const isNewlyRequired = !required.get().has(id);
    if (isNewlyRequired && !isValid(latest.get(id), clock.now())) latest.delete(id);
    const managed = managedTokens.get(id) ?? create(request, latest.get(id));
    managedTokens.set(id, managed);
    return managed;
  }

  function create(request: TokenRequest, token: RegistryToken | undefined): ManagedToken {
    const nextAttemptMs = token ? policy.renewAtMs(token, random) : clock.now();
    return { request, nextAttemptMs, failures: 0, isInFlight: false };
  }

  function setExpiryMetric(): void {
    metrics.tokenExpiry.reset();
    for (const id of required.get().keys()) {
      const token = latest.get(id);
      if (token) metrics.tokenExpiry.set({ token: id }, token.expiresAtMs / 1000);
    }
  }

  async function renew(managed: ManagedToken): Promise<void> {
    const { id } = managed.request;
    try {
      const token = await tokenSource(managed.request, signal);
      latest.set(id, token);
      managed.failures = 0;
      managed.nextAttemptMs = policy.renewAtMs(token, random);
      metrics.tokenRequests.inc({ result: 'success' });
      const times = {
        expiresAt: formatInstant(token.expiresAtMs),
        renewAt: formatInstant(managed.nextAttemptMs),
      };
      logger.info({ token: id, ...times }, 'got a registry token');
    } catch (error) {
      if (signal.aborted) return;
      managed.nextAttemptMs = clock.now() + backOffMs(managed.failures++, TOKEN_RETRY, random);
      metrics.tokenRequests.inc({ result: 'error' });
      const token = latest.get(id);
      const aliveUntil = token && formatInstant(token.expiresAtMs);
      logger.error(
        { err: error, failures: managed.failures, aliveUntil },
        'getting a registry token failed; will retry',
      );
    }
  }

  /** Publishes and retries together those that finish at about the same time. */
  async function renewAll(due: readonly ManagedToken[]): Promise<void> {
    for (const managed of due) managed.isInFlight = true;
    for await (const finished of finishedGroups(clock, due, renew, signal)) settle(finished);
  }

  function settle(finished: readonly ManagedToken[]): void {
    for (const managed of finished) managed.isInFlight = false;
    const failed = finished.filter(({ failures }) => failures > 0);
    alignAttempts(failed);
    if (failed.length < finished.length) {
      tokens.set(validTokens(latest, clock.now()));
      setExpiryMetric();
    }
    settled.set({});
  }

  function idleTokens(): readonly ManagedToken[] {
    return [...required.get().values()].filter(({ isInFlight }) => !isInFlight);
  }

  /** @returns how long nothing else is due */
  function requestDue(start: (due: readonly ManagedToken[]) => void): number {
    const nowMs = clock.now();
    const idle = idleTokens();
    const isDueNow = (managed: ManagedToken): boolean => isDue(managed, policy, nowMs);
    const isNear = (managed: ManagedToken): boolean =>
      isNearlyDue(managed, latest.get(managed.request.id), policy, nowMs);
    if (idle.some(isDueNow)) start(idle.filter((each) => isDueNow(each) || isNear(each)));
    const waits = idleTokens().map(({ nextAttemptMs }) => nextAttemptMs - nowMs);
    return Math.min(...waits, CHECK_INTERVAL_MS);
  }

  return {
    /** All valid tokens, also those that are not required now: the roles in use are known only after the start. */
    tokens,
    /** Gets and renews these tokens from now on, instead of those that were required before. */
    require(requests: readonly TokenRequest[]): void {
      const next = new Map(requests.map((request) => [request.id, manage(request)]));
      const before = required.get();
      if (next.size === before.size && [...next.keys()].every((id) => before.has(id))) return;
      required.set(next);
      setExpiryMetric();
    },
    /** Works until the signal aborts. */
    async run(): Promise<void> {
      const renewals = new Set<Promise<void>>();
      const start = (due: readonly ManagedToken[]): void => {
        const renewal = renewAll(due);
        renewals.add(renewal);
        void renewal.finally(() => renewals.delete(renewal));
      };
      const controller = {
        name: 'registry token',
        inputs: [required, settled],
        resyncMs: CHECK_INTERVAL_MS,
        retry: TOKEN_RETRY,
        reconcile: async () => requestDue(start),
      };
      await runReconcileLoop({ clock, random, logger }, controller, signal);
      await Promise.all(renewals);
    },
  };
}

/** Never throws: it is part of the log line of a failure, which must not end the loop. */
function formatInstant(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? 'never' : date.toISOString();
}
