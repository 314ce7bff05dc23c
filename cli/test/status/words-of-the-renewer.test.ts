import assert from 'node:assert/strict';
import { createTokenReports } from '@ecr-pull-secrets/renewer/credentials/reports/token-reports.ts';
import { planTokens } from '@ecr-pull-secrets/renewer/credentials/token-plan.ts';
import type { DeploymentReport } from '@ecr-pull-secrets/renewer/deployment-events/deployment-events.ts';
import { createRenewerMetrics } from '@ecr-pull-secrets/renewer/metrics.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import t from 'tap';
import { tokenFindings } from '../../src/status/topics/tokens.ts';
import { at, stateWith } from './support/state.ts';

const HOST = '222222222222.dkr.ecr.eu-west-1.amazonaws.com';
const { requests, entries } = planTokens({ registries: [{ host: HOST }], region: undefined });
const [request] = requests;

/** The renewer's reports on tokens, and what `status` says about their Events. */
function startReports() {
  const events: { type: string; reason: string; message: string; lastTimestamp: string }[] = [];
  const recorder =
    (type: string) =>
    ({ reason, message }: DeploymentReport): void => {
      events.push({ type, reason, message, lastTimestamp: at((events.length - 10) / 60) });
    };
  const reports = createTokenReports(
    {
      events: { report: recorder('Warning'), resolve: recorder('Normal') },
      logger: createLogger({ name: 'test', level: 'silent', format: 'text' }),
      metrics: createRenewerMetrics(createMetricsRegistry()),
    },
    { entriesOfTokens: Map.groupBy(entries, ({ tokenId }) => tokenId) },
  );
  const problems = (): readonly string[] =>
    tokenFindings(stateWith({ events: { found: events } }))
      .filter(({ state }) => state === 'problem')
      .map(({ message }) => message);
  return { reports, problems };
}

t.test('a refused login is a problem until the token logs in', async (t) => {
  const { reports, problems } = startReports();
  const id = request?.id ?? '';
  reports.tried(id, [HOST], undefined);
  t.match(problems(), [/does not log in at 222222222222/]);
  reports.tried(id, [], undefined);
  t.same(problems(), []);
});

t.test('a call that AWS refuses is a problem until AWS gives a token', async (t) => {
  const { reports, problems } = startReports();
  assert(request);
  reports.failed(request, 3, new Error('no route'));
  t.match(problems(), [/The renewer gets no token for 222222222222/]);
  reports.obtained(request);
  t.same(problems(), []);
});
