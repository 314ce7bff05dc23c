import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createRenewerMetrics } from '@ecr-pull-secrets/renewer/metrics.ts';
import { createAwsRequestHandler } from '@ecr-pull-secrets/renewer/network/aws-request-handler.ts';
import { createAwsTokenSource, type TokenSource } from '@ecr-pull-secrets/renewer/credentials/aws/aws-token-source.ts';
import { createNewTokenCheck } from '@ecr-pull-secrets/renewer/credentials/canary/new-token-check.ts';
import { RENEWAL_POLICY } from '@ecr-pull-secrets/renewer/credentials/renewal-policy.ts';
import { createTokenReports } from '@ecr-pull-secrets/renewer/credentials/reports/token-reports.ts';
import { NO_DEPLOYMENT_EVENTS } from '@ecr-pull-secrets/renewer/deployment-events/deployment-events.ts';
import { createTokenRenewer } from '@ecr-pull-secrets/renewer/credentials/token-renewer.ts';
import { planTokens } from '@ecr-pull-secrets/renewer/credentials/token-plan.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import t, { type Test } from 'tap';
import type { Call } from '@ecr-pull-secrets/testbed/ecr-stand-in/faults.ts';
import { registryHost } from '@ecr-pull-secrets/testbed/ecr-stand-in/registry-host.ts';
import type { EcrStandIn } from '@ecr-pull-secrets/testbed/ecr-stand-in/server.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import { ACCOUNT, PULL_ACCOUNT, PULL_ROLE, startIdentities, type Way } from './support/aws-identities.ts';
import { waitFor } from './support/cron-job.ts';

const CLI = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));

const HOST = registryHost(ACCOUNT, 'us-east-1');
const PULL_HOST = registryHost(PULL_ACCOUNT, 'us-east-1');

/** Far below the limit of the product, far above what this machine needs. */
const LIMIT_MS = 700;

/** The service that hangs, and the request that it gets. */
const HANGS: readonly {
  readonly way: Way;
  readonly roleArn?: string;
  readonly of: Call['service'];
}[] = [
  { way: 'static keys', of: 'ecr' },
  { way: 'static keys', roleArn: PULL_ROLE, of: 'sts' },
  { way: 'IRSA', of: 'sts' },
  { way: 'EKS Pod Identity', of: 'pod-identity' },
  { way: 'the instance role', of: 'instance-metadata' },
];

/** Lets the product make one request by an identity; one attempt takes no longer than `timeoutMs`. */
function asking(t: Test, timeoutMs?: number) {
  const requestHandler = createAwsRequestHandler({});
  t.teardown(() => requestHandler.destroy());
  const settings = timeoutMs === undefined ? {} : { timeoutMs };
  return createAwsTokenSource({ clock: systemClock, requestHandler }, settings);
}

function ask(
  source: TokenSource,
  roleArn: string | undefined,
  signal = new AbortController().signal,
): Promise<unknown> {
  const [request] = planTokens({
    registries: [{ host: HOST, roleArn }],
    region: undefined,
  }).requests;
  if (!request) throw new Error('no request');
  return source(request, signal);
}

/** Makes one service hang; resolves `reached` when it gets a request. */
function hang(standIn: EcrStandIn, service: Call['service']) {
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  const when = (call: Call): boolean => {
    if (call.service === service) resolve();
    return call.service === service;
  };
  return { reached, restore: standIn.faults.add({ kind: 'hang' }, { when }) };
}

/** Nothing is left of what hung; the tries that the SDK still makes end as soon as they begin. */
function connectionsEnd(standIn: EcrStandIn): Promise<void> {
  return eventually('no open connection', async () => assert.equal(await standIn.connections(), 0));
}

for (const { way, roleArn, of } of HANGS) {
  const title = `${of} hangs, called by ${way}${roleArn ? ' for a role' : ''}`;

  t.test(`${title}: to stop ends it at once`, async (t) => {
    const { standIn, ways } = await startIdentities(t);
    t.intercept(process, 'env', { value: ways[way] });
    const { reached } = hang(standIn, of);
    const stopping = new AbortController();
    const asked = ask(asking(t), roleArn, stopping.signal).then(() => 'a token', describeError);
    await reached;
    const stoppedAtMs = performance.now();
    stopping.abort();
    t.match(await asked, /^requesting the token "[^"]*" from AWS/);
    t.ok(performance.now() - stoppedAtMs < 200, `${performance.now() - stoppedAtMs} ms`);
    await t.resolves(connectionsEnd(standIn), 'no connection is left behind');
  });

  t.test(`${title}: the limit ends it, and the next try is a new one`, async (t) => {
    const { standIn, ways } = await startIdentities(t);
    t.intercept(process, 'env', { value: ways[way] });
    const { restore } = hang(standIn, of);
    const source = asking(t, LIMIT_MS);
    const startMs = performance.now();
    await t.rejects(ask(source, roleArn), {
      code: 'ECRPS_TOKEN_REQUEST_FAILED',
      cause: { message: /no answer within 700 ms/ },
    });
    t.ok(performance.now() - startMs < 3 * LIMIT_MS, `${performance.now() - startMs} ms`);
    await t.resolves(connectionsEnd(standIn), 'no connection is left behind');
    restore();
    await t.resolves(ask(source, roleArn));
  });
}

t.test('the other tokens come meanwhile, and the loss of leadership ends it all at once', async (t) => {
  const { standIn, ways } = await startIdentities(t);
  t.intercept(process, 'env', { value: ways.IRSA });
  standIn.faults.add({ kind: 'hang' }, { when: ({ operation }) => operation === 'AssumeRole' });
  const { requests } = planTokens({
    registries: [{ host: HOST }, { host: PULL_HOST, roleArn: PULL_ROLE }],
    region: undefined,
  });
  const leading = new AbortController();
  const shared = {
    clock: systemClock,
    random: Math.random,
    logger: createLogger({ level: 'silent', format: 'json', name: 'test' }),
    metrics: createRenewerMetrics(createMetricsRegistry()),
  };
  const reports = createTokenReports({ ...shared, events: NO_DEPLOYMENT_EVENTS }, { entriesOfTokens: new Map() });
  const check = createNewTokenCheck(
    { ...shared, canary: undefined, reports },
    { policy: RENEWAL_POLICY },
    leading.signal,
  );
  const renewer = createTokenRenewer(
    { ...shared, tokenSource: asking(t), check, reports },
    { initialTokens: new Map() },
    leading.signal,
  );
  renewer.require(requests);
  const startMs = performance.now();
  const running = renewer.run();
  const none = renewer.tokens.get();
  const limits = { clock: systemClock, withinMs: 4_000, signal: leading.signal };
  await renewer.tokens.changedFrom(none, limits);
  t.same([...renewer.tokens.get().keys()], [requests[0]?.id]);
  t.ok(performance.now() - startMs < 4_000, `${performance.now() - startMs} ms`);
  const lostAtMs = performance.now();
  leading.abort();
  await running;
  t.ok(performance.now() - lostAtMs < 200, `${performance.now() - lostAtMs} ms`);
});

t.test('renew-once that waits for credentials ends at SIGTERM', async (t) => {
  const { standIn, ways } = await startIdentities(t);
  const { reached } = hang(standIn, 'pod-identity');
  const child = spawn(process.execPath, [CLI], {
    env: {
      ...ways['EKS Pod Identity'],
      DOCKER_SECRET_NAME: 'pull',
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: '1',
    },
  });
  const ended = waitFor(child);
  t.teardown(() => child.kill('SIGKILL'));
  await reached;
  const stoppedAtMs = performance.now();
  child.kill('SIGTERM');
  const { exitCode, stderr } = await ended;
  t.equal(exitCode, 2);
  t.match(stderr, /ECRPS_TOKEN_REQUEST_FAILED/);
  t.ok(performance.now() - stoppedAtMs < 1_000, `${performance.now() - stoppedAtMs} ms`);
});
