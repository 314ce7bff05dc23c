import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { createFakeClock, type FakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import { createRenewerMetrics } from '../../src/metrics.ts';
import { createCanary } from '../../src/credentials/canary/canary.ts';
import { createNewTokenCheck } from '../../src/credentials/canary/new-token-check.ts';
import type { LoginResult } from '../../src/credentials/canary/registry-login.ts';
import type { RegistryToken, RegistryTokens } from '../../src/credentials/registry-token.ts';
import { createTokenReports } from '../../src/credentials/reports/token-reports.ts';
import type { TokenPlan } from '../../src/credentials/token-plan.ts';
import type { DeploymentReport } from '../../src/deployment-events/deployment-events.ts';
import { RENEWAL_POLICY, type RenewalPolicy } from '../../src/credentials/renewal-policy.ts';
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
  /** Passwords of tokens that registries refuse. */
  readonly refused: Set<string>;
  /** Logins: the password that was tried, in order. */
  readonly logins: readonly { readonly host: string; readonly password: string }[];
  /** What is reported to the Events of the Deployment. */
  readonly reported: readonly DeploymentReport[];
  /** Registries that refuse a token, as the metric has them. */
  readonly refusals: () => Promise<readonly unknown[]>;
  /** Ids of the required tokens that are missing, as the metric has them. */
  readonly missing: () => Promise<readonly unknown[]>;
  readonly stop: () => Promise<void>;
}

export function startTokenRenewer({
  initialTokens = new Map(),
  random = () => 0.999_999,
  policy = RENEWAL_POLICY,
  entriesOfTokens = new Map(),
  answer,
}: {
  readonly initialTokens?: RegistryTokens;
  readonly random?: () => number;
  readonly policy?: RenewalPolicy;
  readonly entriesOfTokens?: ReadonlyMap<string, TokenPlan['entries']>;
  /** What registries answer if they do not refuse a token. Without it no token is tried. */
  readonly answer?: LoginResult;
} = {}): StartedTokenRenewer {
  const clock = createFakeClock(NOW_MS);
  const controller = new AbortController();
  const { signal } = controller;
  const calls: { readonly id: string; readonly atMs: number }[] = [];
  const published: RegistryTokens[] = [];
  const failing = new Set<string>();
  const hanging = new Set<string>();
  const metrics = createRenewerMetrics(createMetricsRegistry());
  const refused = new Set<string>();
  const logins: { readonly host: string; readonly password: string }[] = [];
  const reported: DeploymentReport[] = [];
  const logger = createLogger({ level: 'silent', format: 'json', name: 'test' });
  const push = (report: DeploymentReport): void => void reported.push(report);
  const events = { report: push, resolve: push };
  const reports = createTokenReports({ events, logger, metrics }, { entriesOfTokens });
  const login = async (host: string, { password }: RegistryToken): Promise<LoginResult> => {
    logins.push({ host, password });
    return refused.has(password) ? 'refused' : (answer ?? 'accepted');
  };
  const canary = answer && createCanary({ login, clock, metrics }, { entriesOfTokens });
  const check = createNewTokenCheck({ canary, clock, random, reports }, { policy }, signal);
  const renewer = createTokenRenewer(
    {
      check,
      reports,
      tokenSource: async ({ id }, aborted) => {
        calls.push({ id, atMs: clock.now() - NOW_MS });
        if (calls.length > MOST_CALLS) await clock.sleep(Infinity, aborted);
        if (hanging.has(id)) await clock.sleep(LIMIT_MS, aborted);
        if (hanging.has(id)) throw new Error('AWS is silent');
        if (failing.has(id)) throw new Error('AWS is away');
        return registryToken({ obtainedAtMs: clock.now(), password: `password ${calls.length}` });
      },
      clock,
      random,
      logger,
      metrics,
    },
    { initialTokens, policy },
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
    refused,
    logins,
    reported,
    refusals: async () => (await metrics.registryLoginRefused.get()).values.map(({ labels }) => labels),
    missing: async () => {
      const { values } = await metrics.tokenMissing.get();
      return values.filter(({ value }) => value === 1).map(({ labels }) => labels.token);
    },
    required: async () => (await metrics.tokenExpiry.get()).values.map(({ labels }) => labels.token),
    stop: async () => {
      controller.abort();
      await running;
    },
  };
}
