import { text } from 'node:stream/consumers';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import type { DeploymentReport } from '../../src/deployment-events/deployment-events.ts';
import t, { type Test } from 'tap';
import { readRenewerConfiguration } from '../../src/config/configuration.ts';
import { runFenceMonitor } from '../../src/fence/fence-monitor.ts';
import { createKubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { createRenewerMetrics } from '../../src/metrics.ts';
import { readRenewOnceConfiguration } from '../../src/commands/renew-once/configuration.ts';
import { warnWithoutFence } from '../../src/commands/renew-once/warn-without-fence.ts';
import { type Exchange, startApiStandIn } from '@ecr-pull-secrets/kube/testing/api-stand-in.ts';

const HOUR_MS = 3_600_000;

/** The response of the API server, with a policy's message at the end. */
function deny(message: string) {
  return (exchange: Exchange): void => {
    const words = `secrets "x" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied request: ${message}`;
    exchange.json({ kind: 'Status', reason: 'Invalid', message: words }, 422);
  };
}

const fenced = deny('identity fence of ecr-pull-secrets: no');
const unfenced = (exchange: Exchange): void => exchange.json({ metadata: {} });
const there = (exchange: Exchange): void => exchange.refuse(409);
const absent = (exchange: Exchange): void => exchange.refuse(404);
/** The responses of a complete fence without a pull secret: to its type, two finalizers, and an Event's. */
const ALL_FENCED = [fenced, fenced, absent, fenced];
const busy = (exchange: Exchange): void => exchange.refuse(503);

const SINGLE_RUN = readRenewOnceConfiguration({
  DOCKER_SECRET_NAME: 'ecr-pull-secret',
  POD_NAMESPACE: 'home',
});

async function startWorld(t: Test, variables: Readonly<Record<string, string>> = {}) {
  const api = await startApiStandIn();
  const stop = new AbortController();
  const lines: string[] = [];
  const registry = createMetricsRegistry();
  const client = createKubeClient({
    credentials: async () => ({ server: api.address, authorization: undefined, tls: {} }),
    userAgent: 'test',
  });
  let now = Date.UTC(2026, 0, 1);
  let asleep = Promise.withResolvers<number>();
  let wake: (() => void) | undefined;
  const clock = {
    now: () => now,
    sleep: (ms: number) =>
      new Promise<void>((resolve) => {
        wake = () => {
          now += ms;
          resolve();
        };
        asleep.resolve(ms);
      }),
  };
  t.teardown(async () => {
    stop.abort();
    wake?.();
    await client.close();
    await api.close();
  });
  const configuration = readRenewerConfiguration({
    POD_NAME: 'pod',
    POD_NAMESPACE: 'home',
    TLS_MODE: 'none',
    ...variables,
  });
  const logger = createLogger({
    level: 'info',
    format: 'json',
    name: 'test',
    destination: { write: (line) => lines.push(line) },
  });
  /** Responds to the requests of one attempt; returns how long the monitor waits for the next one. */
  const attempt = async (...responses: readonly ((exchange: Exchange) => unknown)[]) => {
    asleep = Promise.withResolvers<number>();
    wake?.();
    for (const respond of responses) await respond(await api.next());
    return asleep.promise;
  };
  const reported: string[] = [];
  const push = ({ reason }: DeploymentReport): void => void reported.push(reason);
  const events = { report: push, resolve: push };
  return {
    api,
    client,
    reported,
    clock,
    attempt,
    lines,
    warnings: () => lines.filter((line) => line.includes('"level":"warn"')),
    keep: () =>
      runFenceMonitor(
        { client, clock, random: () => 1, logger, metrics: createRenewerMetrics(registry), events },
        configuration,
        stop.signal,
      ),
    state: async () => /_fence\{state="(\w+)"\} 1/.exec(await registry.metrics())?.[1] ?? 'no state',
  };
}

t.test('the fence is proven at once and hourly, by dry runs that break one rule each', async (t) => {
  const { attempt, keep, lines, state } = await startWorld(t);
  void keep();
  t.equal(await state(), 'unknown');
  const seen: { readonly url: URL; readonly body: unknown }[] = [];
  const record = (respond: (exchange: Exchange) => void) => async (exchange: Exchange) => {
    seen.push({ url: exchange.url, body: JSON.parse(await text(exchange.request)) });
    respond(exchange);
  };
  const recorded = ALL_FENCED.map(record);
  t.equal(await attempt(...recorded), HOUR_MS);
  t.equal(await attempt(...recorded), HOUR_MS);
  t.equal(await state(), 'proven');
  t.equal(lines.length, 1, 'logged once');
  for (const { url } of seen) {
    t.equal(url.searchParams.get('dryRun'), 'All');
    t.not(url.searchParams.get('fieldManager'), 'ecr-pull-secrets', 'our fields stay ours');
  }
  const path = '/api/v1/namespaces/home/secrets/ecr-pull-secret';
  t.same(
    seen.slice(0, 4).map(({ url }) => url.pathname),
    [path, path, path, '/api/v1/namespaces/home/events'],
  );
  const finalizers = ['ecr-pull-secrets.io/fence-probe'];
  const [type, created, changed, event] = seen.map(({ body }) => Object(body));
  t.match(type, { type: 'Opaque', metadata: { finalizers: undefined } });
  t.match(created, { type: 'kubernetes.io/dockerconfigjson', metadata: { finalizers } });
  t.same(changed, { metadata: { finalizers } });
  t.match(event, { kind: 'Event', metadata: { finalizers } });
});

t.test('a fence that lacks one rule is missing, whichever it is', async (t) => {
  const lacking: Readonly<Record<string, readonly ((exchange: Exchange) => void)[]>> = {
    'the type': [unfenced],
    'finalizers of a new secret': [fenced, unfenced],
    'finalizers of one that is there': [there, there, unfenced],
    Events: [there, there, fenced, unfenced],
  };
  for (const [rule, responses] of Object.entries(lacking)) {
    const { attempt, keep, state, reported } = await startWorld(t);
    void keep();
    for (let attempts = 0; attempts < 4; attempts++) await attempt(...responses);
    t.equal(await state(), 'missing', rule);
    t.same(reported, ['IdentityNotFenced'], rule);
  }
});

t.test('an identity without the right to Events needs no fence for them', async (t) => {
  const { attempt, keep, state } = await startWorld(t);
  void keep();
  t.equal(await attempt(there, there, fenced, (exchange) => exchange.refuse(403)), HOUR_MS);
  t.equal(await state(), 'proven');
});

t.test('a fence that is being created is not missing', async (t) => {
  const { attempt, keep, state, warnings } = await startWorld(t);
  void keep();
  for (const ms of [5_000, 10_000, 20_000]) t.equal(await attempt(unfenced), ms);
  t.equal(await state(), 'unknown');
  t.equal(await attempt(...ALL_FENCED), HOUR_MS);
  t.equal(await state(), 'proven');
  t.same(warnings(), []);
});

t.test('a missing fence is logged once an hour, and a repaired one is proven within minutes', async (t) => {
  const { attempt, keep, state, warnings } = await startWorld(t);
  void keep();
  for (let attempts = 0; attempts < 4; attempts++) await attempt(unfenced);
  t.equal(await state(), 'missing');
  t.equal(warnings().length, 1);
  t.match(warnings(), [/"object":"\/api\/v1\/namespaces\/home\/secrets\/.*anyone who has its token/]);
  let passedMs = 0;
  while (passedMs < HOUR_MS) passedMs += await attempt(unfenced);
  t.ok((await attempt(unfenced)) <= 300_000);
  t.equal(warnings().length, 2);
  t.equal(await attempt(...ALL_FENCED), HOUR_MS);
  t.equal(await state(), 'proven');
});

t.test('an API server that is away or busy does not change the state of the fence', async (t) => {
  const { attempt, keep, state, warnings } = await startWorld(t);
  void keep();
  await attempt(...ALL_FENCED);
  for (let attempts = 0; attempts < 5; attempts++) {
    t.ok((await attempt(attempts % 2 ? busy : (exchange) => exchange.destroy())) <= 300_000);
  }
  t.equal(await state(), 'proven');
  t.same(warnings(), []);
});

t.test('a verdict counts for two hours', async (t) => {
  for (const [verdict, responses] of [
    ['proven', ALL_FENCED],
    ['missing', [unfenced]],
  ] as const) {
    const { attempt, keep, state, warnings } = await startWorld(t);
    void keep();
    let passedMs = 0;
    if (verdict === 'proven') passedMs += await attempt(...responses);
    else for (let misses = 0; misses < 4; misses++) passedMs = await attempt(...responses);
    while (passedMs <= 2 * HOUR_MS) {
      t.equal(await state(), verdict);
      passedMs += await attempt(busy);
    }
    await attempt(busy);
    t.equal(await state(), 'unknown');
    t.match(warnings().at(-1), /the fence cannot be proven/);
    await attempt(...ALL_FENCED);
    t.equal(await state(), 'proven');
  }
});

t.test('what something else refuses is not proven', async (t) => {
  const refusals = {
    right: (exchange: Exchange) => exchange.refuse(403),
    policy: deny('theirs'),
  };
  for (const [name, refuse] of Object.entries(refusals)) {
    const { attempt, keep, state, warnings } = await startWorld(t);
    void keep();
    await attempt(refuse);
    await attempt(refuse);
    t.equal(await state(), 'unknown', name);
    t.match(warnings(), [/the fence cannot be proven/]);
    await attempt(...ALL_FENCED);
    t.equal(await state(), 'proven', name);
  }
});

t.test('the policy on the webhook configuration counts as well', async (t) => {
  const { attempt, keep, state, warnings } = await startWorld(t, { TLS_MODE: 'self-managed' });
  void keep();
  t.equal(await attempt(...ALL_FENCED, fenced), HOUR_MS);
  t.equal(await state(), 'proven');
  for (let attempts = 0; attempts < 4; attempts++) await attempt(...ALL_FENCED, unfenced);
  t.equal(await state(), 'missing');
  t.match(warnings(), [/mutatingwebhookconfigurations\/ecr-pull-secrets/]);
});

t.test('a webhook configuration that was deleted needs no fence', async (t) => {
  const { attempt, keep, state } = await startWorld(t, { TLS_MODE: 'self-managed' });
  void keep();
  t.equal(await attempt(...ALL_FENCED, absent), HOUR_MS);
  t.equal(await state(), 'proven');
});

t.test('a pull secret that is not found proves nothing, because the attempt would create it', async (t) => {
  const { attempt, keep, state } = await startWorld(t);
  void keep();
  await attempt(absent);
  t.equal(await state(), 'unknown');
});

t.test('a fence that is switched off is not tried, and logged once', async (t) => {
  const { keep, state, warnings } = await startWorld(t, { FENCE: 'off' });
  await keep();
  t.equal(await state(), 'off');
  t.equal(warnings().length, 1);
});

t.test('a single run warns if the fence is missing or off, and otherwise prints nothing', async (t) => {
  const { attempt, client, clock, api } = await startWorld(t);
  const run = async (fence: 'on' | 'off' | undefined): Promise<string> => {
    let output = '';
    const configuration = { ...SINGLE_RUN, fence };
    const print = (more: string): void => {
      output += more;
    };
    const { signal: stop } = new AbortController();
    await warnWithoutFence({ client, clock, print }, configuration, stop);
    return output;
  };
  t.match(await run('off'), /^WARNING: no admission policy fences .*\n$/);
  t.equal(await run(undefined), '');

  const proven = run('on');
  for (const respond of ALL_FENCED.slice(0, 3)) respond(await api.next());
  t.equal(await proven, '');

  const missing = run('on');
  t.equal(await attempt(unfenced), 5_000);
  void attempt(unfenced);
  t.match(await missing, /^WARNING: /);

  const away = run('on');
  busy(await api.next());
  t.equal(await away, '', 'the state is unknown');
});
