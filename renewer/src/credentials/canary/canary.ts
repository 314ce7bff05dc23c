import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { RenewerMetrics } from '../../metrics.ts';
import { hostPortOf } from '../registries/registry-key.ts';
import type { RegistryToken } from '../registry-token.ts';
import type { TokenPlan } from '../token-plan.ts';
import type { LoginResult, RegistryLogin } from './registry-login.ts';

/** Registries of one token that are tried at the same time. */
const CONCURRENCY = 10;

/** For all registries of one token; those that are left are unknown. Most clusters have a handful. */
const TOTAL_MS = 15_000;

/** What the registries say about a token. */
export interface Trial {
  /** The registries, as `host:port`, that refuse it. */
  readonly refusedBy: readonly string[];
  /** Whether the token from before opens one of them, so that pods would lose something. */
  readonly isOlderBetter: boolean;
}

/** Tries tokens before they are used. */
export type Canary = ReturnType<typeof createCanary>;

/**
 * Logs in with a token at each registry that its credential lists. That proves the login, not the right to pull.
 *
 * @param settings - the entries of pull secrets that have a token, by its id
 */
export function createCanary(
  {
    login,
    clock,
    metrics,
  }: { readonly login: RegistryLogin; readonly clock: Clock; readonly metrics: Pick<RenewerMetrics, 'registryLogins'> },
  { entriesOfTokens }: { readonly entriesOfTokens: ReadonlyMap<string, TokenPlan['entries']> },
) {
  /** @returns the hosts that refuse the token */
  async function refusingHosts(hosts: readonly string[], token: RegistryToken): Promise<readonly string[]> {
    const startedAtMs = clock.now();
    const refusing: string[] = [];
    for (let first = 0; first < hosts.length; first += CONCURRENCY) {
      // The absolute value: a clock that was set back must not extend the trial.
      if (Math.abs(clock.now() - startedAtMs) >= TOTAL_MS) break;
      const batch = hosts.slice(first, first + CONCURRENCY);
      const results = await Promise.all(batch.map((host) => login(host, token)));
      for (const result of results) metrics.registryLogins.inc({ result });
      refusing.push(...batch.filter((_, index) => results[index] === 'refused'));
    }
    return refusing;
  }

  /** Whether the older token opens at least one of the hosts, as far as is known. */
  async function opensAny(hosts: readonly string[], older: RegistryToken | undefined): Promise<boolean> {
    if (!older) return false;
    const results: readonly LoginResult[] = await Promise.all(
      hosts.slice(0, CONCURRENCY).map((host) => login(host, older)),
    );
    return results.some((result) => result !== 'refused');
  }

  return {
    /**
     * Tries a token at its registries, and the older one at those that refuse it: a registry that refuses every token
     * of an identity must not delay the renewal for the others.
     */
    async try(id: string, token: RegistryToken, older: RegistryToken | undefined): Promise<Trial> {
      const hosts = hostsOf(entriesOfTokens.get(id) ?? [], token);
      const refusedBy = await refusingHosts(hosts, token);
      return { refusedBy, isOlderBetter: refusedBy.length > 0 && (await opensAny(refusedBy, older)) };
    },
  };
}

/** A key with a wildcard is tried at the registry that AWS names with the token, one with http is not tried. */
function hostsOf(entries: TokenPlan['entries'], { registry }: RegistryToken): readonly string[] {
  const tried = entries.map(({ key }) => (key === undefined || key.includes('*') ? registry : key));
  const secure = tried.filter((key) => !key.startsWith('http://'));
  return [...new Set(secure.map(hostPortOf))];
}
