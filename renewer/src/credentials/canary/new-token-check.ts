import { backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { RenewerDependencies } from '../../dependencies.ts';
import type { RegistryToken } from '../registry-token.ts';
import { REFUSED_RETRY, type RenewalPolicy } from '../renewal-policy.ts';
import type { TokenReports } from '../reports/token-reports.ts';
import type { Canary } from './canary.ts';

/** What happens to a new token. */
export type TokenVerdict = 'use' | 'use-refused' | 'keep-older';

/** Decides whether a new token replaces an older one. */
export type NewTokenCheck = ReturnType<typeof createNewTokenCheck>;

/** @param settings - without a canary each token is used */
export function createNewTokenCheck(
  {
    canary,
    clock,
    random,
    reports,
  }: Pick<RenewerDependencies, 'clock' | 'random'> & {
    readonly canary: Canary | undefined;
    readonly reports: TokenReports;
  },
  { policy }: { readonly policy: RenewalPolicy },
  signal: AbortSignal,
) {
  return {
    /**
     * Compares a new token with one that is valid. The older one is kept if a registry refuses the new one and not the
     * older one, until it expires soon.
     */
    async compare(id: string, token: RegistryToken, older: RegistryToken): Promise<TokenVerdict> {
      if (!canary) return 'use';
      const { refusedBy, isOlderBetter } = await canary.try(id, token, older);
      const keepUntilMs = policy.keepUntilMs(older);
      const isKept = isOlderBetter && clock.now() < keepUntilMs;
      reports.tried(id, refusedBy, isKept ? keepUntilMs : undefined);
      if (isKept) return 'keep-older';
      return refusedBy.length === 0 ? 'use' : 'use-refused';
    },
    /** Tries a token that is used, again and again while a registry refuses it, so that the report ends. */
    async watch(id: string, token: RegistryToken, isUsed: () => boolean): Promise<void> {
      if (!canary) return;
      for (let attempt = 0; !signal.aborted && isUsed(); attempt++) {
        const { refusedBy } = await canary.try(id, token, undefined);
        if (signal.aborted || !isUsed()) return;
        reports.tried(id, refusedBy, undefined);
        if (refusedBy.length === 0) return;
        await clock.sleep(backOffMs(attempt, REFUSED_RETRY, random), signal);
      }
    },
  };
}
