import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { createFakeClock, type FakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import { createRenewerMetrics } from '../../src/metrics.ts';
import type { RegistryTokens } from '../../src/credentials/registry-token.ts';
import type { RenewalPolicy } from '../../src/credentials/renewal-policy.ts';
import { createTokenRenewer, type TokenRenewer } from '../../src/credentials/token-renewer.ts';
import { NOW_MS, registryToken } from './registry-tokens.ts';

/** After this long a token source gives up. */
const LIMIT_MS = 25_000;

/** More than any test needs. Without it, a token that is always due would hang a test in place of failing it. */
const MOST_CALLS = 1_000;

/** A token renewer in the time of the test, and an AWS that does as the test says. */
export interface StartedTokenRenewer {
  readonly renewer: TokenRenewer;
  readonly clock: FakeClock;
  /** Calls to AWS, in order. */
  readonly calls: readonly { readonly id: string; readonly atMs: number }[];
  /** The tokens at the start, and whenever they changed. */
  readonly published: readonly RegistryTokens[];
  /** Ids of tokens that AWS refuses, and of those for which it does not answer. */
  readonly failing: Set<string>;
  readonly hanging: Set<string>;
  /** Ids of the required tokens that are there, as the metric has them. */
  readonly required: () => Promise<readonly unknown[]>;
  readonly stop: () => Promise<void>;
}

export function startTokenRenewer({
  initialTokens = new Map(),
  random = () => 0.999_999,
  ...settings
}: {
  readonly initialTokens?: RegistryTokens;
  readonly random?: () => number;
  readonly policy?: RenewalPolicy;
} = {}): StartedTokenRenewer {
  const clock = createFakeClock(NOW_MS);
  const controller = new AbortController();
  const { signal } = controller;
  const calls: { readonly id: string; readonly atMs: number }[] = [];
  const published: RegistryTokens[] = [];
  const failing = new Set<string>();
  const hanging = new Set<string>();
  const metrics = createRenewerMetrics(createMetricsRegistry());
  const renewer = createTokenRenewer(
    {
      tokenSource: async ({ id }, aborted) => {
        calls.push({ id, atMs: clock.now() - NOW_MS });
        if (calls.length > MOST_CALLS) await clock.sleep(Infinity, aborted);
        if (hanging.has(id)) await clock.sleep(LIMIT_MS, aborted);
        if (hanging.has(id)) throw new Error('AWS is silent');
        if (failing.has(id)) throw new Error('AWS is away');
        return registryToken({ obtainedAtMs: clock.now() });
      },
      clock,
      random,
      logger: createLogger({ level: 'silent', format: 'json', name: 'test' }),
      metrics,
    },
    { initialTokens, ...settings },
    signal,
  );
  const record = async (): Promise<void> => {
    while (!signal.aborted) {
      const current = renewer.tokens.get();
      published.push(current);
      await renewer.tokens.changedFrom(current, { clock, withinMs: Infinity, signal });
    }
  };
  const running = Promise.all([record(), renewer.run()]);
  return {
    renewer,
    clock,
    calls,
    published,
    failing,
    hanging,
    required: async () => (await metrics.tokenExpiry.get()).values.map(({ labels }) => labels.token),
    stop: async () => {
      controller.abort();
      await running;
    },
  };
}
