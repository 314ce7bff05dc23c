import { readFile } from 'node:fs/promises';
import t from 'tap';
import { createDockerConfig } from '../../src/credentials/docker-config.ts';
import { createRenewalPolicy, LONGEST_TOKEN_LIFE_MS, RENEWAL_POLICY } from '../../src/credentials/renewal-policy.ts';
import { planTokens } from '../../src/credentials/token-plan.ts';
import { planWrite } from '../../src/pull-secrets/plan/plan-write.ts';
import { EAST, HOUR_MS, NOW_MS, registryToken, WEST } from '../support/registry-tokens.ts';
import { startTokenRenewer } from '../support/started-token-renewer.ts';

const LIFE_HOURS = 12;
const DAYS = 5;

/** How often the pull secret is compared with the tokens. */
const STEP_MS = 10 * 60_000;

function waitFor(expiresAtMs: number): number {
  return RENEWAL_POLICY.renewAtMs(registryToken({ expiresAtMs }), () => 0) - NOW_MS;
}

t.test('a token is renewed at about half its life', (t) => {
  const { renewAtMs } = RENEWAL_POLICY;
  t.equal(
    renewAtMs(registryToken(), () => 0),
    NOW_MS + 6 * HOUR_MS,
  );
  t.equal(
    renewAtMs(registryToken(), () => 1),
    NOW_MS + 5.4 * HOUR_MS,
  );
  t.end();
});

t.test('whatever AWS says of a token’s end, renewal is neither at once nor never', (t) => {
  const soon = [0, NOW_MS - HOUR_MS, NOW_MS, NOW_MS + 1];
  t.same(new Set(soon.map(waitFor)), new Set([10_000]));
  t.equal(waitFor(NOW_MS + 1e15), 6 * HOUR_MS);
  t.end();
});

t.test('the chart’s alerts for tokens fire only if a renewal is late', async (t) => {
  const alerts = await readFile(new URL('../../../chart/monitoring/alerts.yaml', import.meta.url), 'utf8');
  const thresholds = [...alerts.matchAll(/token_expiry_timestamp_seconds\) - time\(\) < ([\d *]+)/g)];
  t.equal(thresholds.length, 2);
  const leftAtRenewalMs = LONGEST_TOKEN_LIFE_MS - RENEWAL_POLICY.longestWaitMs;
  for (const [, product = ''] of thresholds) {
    const seconds = product.split('*').reduce((total, factor) => total * Number(factor), 1);
    t.ok(seconds * 1000 < leftAtRenewalMs - HOUR_MS, `${product} s`);
  }
});

/** Runs the token renewer for days, and writes one pull secret whenever the plan says so. */
async function runFor(days: number, renewalShare: number) {
  const policy = createRenewalPolicy(renewalShare);
  const plan = planTokens({ registries: [{ host: EAST }, { host: WEST }], region: undefined });
  const { renewer, clock, calls, stop } = startTokenRenewer({ policy, random: () => 0 });
  const writes: { readonly atMs: number; readonly isUrgent: boolean }[] = [];
  let secret: Parameters<typeof planWrite>[0];
  renewer.require(plan.requests);
  const step = async (): Promise<void> => {
    await clock.advance(STEP_MS);
    const dockerConfig = createDockerConfig(plan, renewer.tokens.get(), clock.now());
    const write = dockerConfig && planWrite(secret, dockerConfig, clock.now(), policy);
    if (!write) return;
    writes.push({ atMs: clock.now() - NOW_MS, isUrgent: write.isUrgent });
    const { expiresAtMs, renewedAtMs, planHash } = dockerConfig;
    const state = {
      uid: '',
      resourceVersion: '1',
      isUntouched: true,
      isOursByMetadata: true,
    } as const;
    secret = { ...state, origin: 'created', expiresAtMs, renewedAtMs, planHash };
  };
  for (let passedMs = 0; passedMs < days * 24 * HOUR_MS; passedMs += STEP_MS) await step();
  await stop();
  return { calls, writes };
}

for (const [share, renewalShare] of Object.entries({ '1/2': 1 / 2, '2/3': 2 / 3, '1/4': 1 / 4 })) {
  const waitHours = LIFE_HOURS * renewalShare;

  t.test(`renewal at ${share} of a token’s life: calls to AWS and writes are as few as that allows`, async (t) => {
    const { calls, writes } = await runFor(DAYS, renewalShare);
    const renewals = 1 + Math.floor((DAYS * 24) / waitHours);
    t.equal(calls.length, 2 * renewals, 'one call for each token and renewal');
    t.equal(writes.length, renewals, 'one write for both tokens');
    t.same(
      calls.map(({ atMs }) => Math.round(atMs / HOUR_MS)),
      Array.from({ length: 2 * renewals }, (_, call) => Math.floor(call / 2) * waitHours),
    );
    const [first, ...others] = writes.map(({ isUrgent }) => isUrgent);
    t.equal(first, true, 'the secret is absent at first');
    t.notOk(others.includes(true), 'and never again about to expire');
  });

  t.test(`renewal at ${share} of a token’s life: a pull secret counts as expiring well after that`, (t) => {
    const policy = createRenewalPolicy(renewalShare);
    const isExpiring = (hours: number): boolean =>
      policy.isExpiring(LIFE_HOURS * HOUR_MS, LIFE_HOURS * HOUR_MS, hours * HOUR_MS);
    const expiringHours = LIFE_HOURS - 0.3 * (LIFE_HOURS - waitHours);
    t.ok(expiringHours > waitHours + 1, 'there is time to retry before');
    t.notOk(isExpiring(expiringHours - 0.01));
    t.ok(isExpiring(expiringHours + 0.01));
    t.end();
  });

  t.test(`renewal at ${share} of a token’s life: tokens of about the same age are renewed together`, async (t) => {
    const policy = createRenewalPolicy(renewalShare);
    const { requests } = planTokens({
      registries: [{ host: EAST }, { host: WEST }],
      region: undefined,
    });
    const [olderId = '', newerId = ''] = requests.map(({ id }) => id);
    for (const { apart, count } of [
      { apart: 0.29, count: 2 },
      { apart: 0.31, count: 1 },
    ]) {
      const ageMs = apart * waitHours * HOUR_MS;
      const { renewer, clock, calls, stop } = startTokenRenewer({
        policy,
        random: () => 0,
        initialTokens: new Map([
          [olderId, registryToken({ obtainedAtMs: NOW_MS - ageMs })],
          [newerId, registryToken()],
        ]),
      });
      renewer.require(requests);
      await clock.advance(waitHours * HOUR_MS - ageMs);
      t.equal(calls.length, count, `${apart} of the wait apart`);
      await stop();
    }
  });
}
