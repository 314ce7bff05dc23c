import { createObservable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import { runReconcileLoop } from '@ecr-pull-secrets/shared/runtime/reconcile-loop.ts';
import { isDue, isNearlyDue, type ManagedToken } from './managed-token.ts';
import { isValid, type RegistryToken, type RegistryTokens, validTokens } from './registry-token.ts';
import { CHECK_INTERVAL_MS, RENEWAL_POLICY, type RenewalPolicy, TOKEN_RETRY } from './renewal-policy.ts';
import type { TokenRequest } from './token-plan.ts';
import { createTokenRenewal, type TokenRenewalDependencies } from './token-renewal.ts';

/** The valid tokens, and what is to be renewed. */
export type TokenRenewer = ReturnType<typeof createTokenRenewer>;

/**
 * Gets each required token at once and renews it when the policy says so, those of about the same age together. A
 * failure changes nothing: the last token stays, and AWS is called again after a growing, random wait. So does a new
 * token that registries refuse.
 *
 * @param settings - tokens of an earlier leader; those that have not expired are used, and renewed when due
 */
export function createTokenRenewer(
  dependencies: TokenRenewalDependencies,
  {
    initialTokens,
    policy = RENEWAL_POLICY,
  }: { readonly initialTokens: RegistryTokens; readonly policy?: RenewalPolicy },
  signal: AbortSignal,
) {
  const { clock, random, logger, metrics, reports, check } = dependencies;
  const latest = new Map(initialTokens);
  const tokens = createObservable(validTokens(latest, clock.now()));
  const required = createObservable<ReadonlyMap<string, ManagedToken>>(new Map());
  const settled = createObservable<object>({});
  /**
   * Every token that was ever required: a tenant who removes the annotation of a refused role and sets it again must
   * not cause a call to AWS before the back-off is over. There are as many as the configuration can name.
   */
  const managedTokens = new Map<string, ManagedToken>();
  /** Tokens of an earlier leader, whose reports ended with it, until they are tried. */
  const untried = new Set(initialTokens.keys());

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

  function setTokenMetrics(): void {
    metrics.tokenExpiry.reset();
    metrics.tokenMissing.reset();
    for (const id of required.get().keys()) {
      const token = latest.get(id);
      metrics.tokenMissing.set({ token: id }, isValid(token, clock.now()) ? 0 : 1);
      if (token) metrics.tokenExpiry.set({ token: id }, token.expiresAtMs / 1000);
    }
  }

  function settle(finished: readonly ManagedToken[]): void {
    for (const managed of finished) managed.isInFlight = false;
    if (finished.some(({ failures }) => failures === 0)) tokens.set(validTokens(latest, clock.now()));
    setTokenMetrics();
    settled.set({});
  }

  /** Tries a token until the registries accept it, another one is used, or none is required. */
  function watch(id: string, token: RegistryToken): Promise<void> {
    return check.watch(id, token, () => latest.get(id) === token && required.get().has(id));
  }

  const renewAll = createTokenRenewal(dependencies, { latest, policy, settle, watch }, signal);

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

  /**
   * Tries the tokens of an earlier leader once, without a call to AWS. One that is being replaced is tried with the new
   * one.
   */
  function tryInherited(): readonly Promise<void>[] {
    return [...required.get().values()].flatMap(({ request: { id }, isInFlight }) => {
      const token = latest.get(id);
      return untried.delete(id) && token && !isInFlight ? [watch(id, token)] : [];
    });
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
      for (const id of before.keys()) if (!next.has(id)) reports.forget(id);
      setTokenMetrics();
    },
    /** Works until the signal aborts. */
    async run(): Promise<void> {
      const works = new Set<Promise<void>>();
      const add = (work: Promise<void>): void => {
        works.add(work);
        void work.finally(() => works.delete(work));
      };
      const controller = {
        name: 'registry token',
        inputs: [required, settled],
        resyncMs: CHECK_INTERVAL_MS,
        retry: TOKEN_RETRY,
        reconcile: async () => {
          const waitMs = requestDue((due) => add(renewAll(due)));
          tryInherited().forEach(add);
          return waitMs;
        },
      };
      await runReconcileLoop({ clock, random, logger }, controller, signal);
      await Promise.all(works);
    },
  };
}
