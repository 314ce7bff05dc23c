import { text } from 'node:stream/consumers';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import t, { type Test } from 'tap';
import { readRenewerConfiguration } from '../src/configuration.ts';
import { keepFenceProven } from '../src/fence/keep-fence-proven.ts';
import { createKubeClient } from '../src/kube/client.ts';
import { createRenewerMetrics } from '../src/metrics.ts';
import { readRenewOnceConfiguration } from '../src/renew-once/configuration.ts';
import { warnWithoutFence } from '../src/renew-once/warn-without-fence.ts';
import { type Exchange, startApiStandIn } from './support/api-stand-in.ts';

const HOUR_MS = 3_600_000;

/** As the API server answers it, with a policy's message at the end. */
function deny(message: string) {
  return (exchange: Exchange): void => {
    const words = `secrets "x" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied request: ${message}`;
    exchange.json({ kind: 'Status', reason: 'Invalid', message: words }, 422);
  };
}

const fenced = deny('identity fence of ecr-pull-secrets: no');
const unfenced = (exchange: Exchange): void => exchange.json({ metadata: {} });
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
  /** Answers the requests of one attempt; how long it waits for the next one. */
  const attempt = async (...answers: readonly ((exchange: Exchange) => unknown)[]) => {
    asleep = Promise.withResolvers<number>();
    wake?.();
    for (const answer of answers) await answer(await api.next());
    return asleep.promise;
  };
  return {
    api,
    client,
    clock,
    attempt,
    lines,
    warnings: () => lines.filter((line) => line.includes('"level":"warn"')),
    keep: () =>
      keepFenceProven({
        configuration: readRenewerConfiguration({
          POD_NAME: 'pod',
          POD_NAMESPACE: 'home',
          TLS_MODE: 'none',
          ...variables,
        }),
        client,
        clock,
        logger: createLogger({
          level: 'info',
          format: 'json',
          name: 'test',
          destination: { write: (line) => lines.push(line) },
        }),
        metrics: createRenewerMetrics(registry),
        signal: stop.signal,
      }),
    state: async () =>
      /_fence\{state="(\w+)"\} 1/.exec(await registry.metrics())?.[1] ?? 'no state',
  };
}

t.test('the fence is proven at once and hourly, by a dry run without data', async (t) => {
  const { attempt, keep, lines, state } = await startWorld(t);
  void keep();
  t.equal(await state(), 'unknown');
  const seen: { readonly url: URL; readonly body: unknown }[] = [];
  const look = async (exchange: Exchange): Promise<void> => {
    seen.push({ url: exchange.url, body: JSON.parse(await text(exchange.request)) });
    fenced(exchange);
  };
  t.equal(await attempt(look), HOUR_MS);
  t.equal(await attempt(look), HOUR_MS);
  t.equal(await state(), 'proven');
  t.equal(lines.length, 1, 'said once');
  for (const { url, body } of seen) {
    t.equal(url.pathname, '/api/v1/namespaces/home/secrets/ecr-pull-secret');
    t.equal(url.searchParams.get('dryRun'), 'All');
    t.not(url.searchParams.get('fieldManager'), 'ecr-pull-secrets', 'our fields stay ours');
    t.same(body, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'ecr-pull-secret', finalizers: ['ecr-pull-secrets.io/fence-probe'] },
    });
  }
});

t.test('a fence that is only just being made is not missing', async (t) => {
  const { attempt, keep, state, warnings } = await startWorld(t);
  void keep();
  for (const ms of [5_000, 10_000, 20_000]) t.equal(await attempt(unfenced), ms);
  t.equal(await state(), 'unknown');
  t.equal(await attempt(fenced), HOUR_MS);
  t.equal(await state(), 'proven');
  t.same(warnings(), []);
});

t.test('one that is missing is said once an hour, and found within minutes', async (t) => {
  const { attempt, keep, state, warnings } = await startWorld(t);
  void keep();
  for (let attempts = 0; attempts < 4; attempts++) await attempt(unfenced);
  t.equal(await state(), 'missing');
  t.equal(warnings().length, 1);
  t.match(warnings(), [
    /"object":"\/api\/v1\/namespaces\/home\/secrets\/.*anyone who has its token/,
  ]);
  let passedMs = 0;
  while (passedMs < HOUR_MS) passedMs += await attempt(unfenced);
  t.ok((await attempt(unfenced)) <= 300_000);
  t.equal(warnings().length, 2);
  t.equal(await attempt(fenced), HOUR_MS);
  t.equal(await state(), 'proven');
});

t.test('an API server that is away or busy says nothing about the fence', async (t) => {
  const { attempt, keep, state, warnings } = await startWorld(t);
  void keep();
  await attempt(fenced);
  for (let attempts = 0; attempts < 5; attempts++) {
    t.ok((await attempt(attempts % 2 ? busy : (exchange) => exchange.destroy())) <= 300_000);
  }
  t.equal(await state(), 'proven');
  t.same(warnings(), []);
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
    await attempt(fenced);
    t.equal(await state(), 'proven', name);
  }
});

t.test('the policy on the webhook configuration counts as well', async (t) => {
  const { attempt, keep, state, warnings } = await startWorld(t, { TLS_MODE: 'self-managed' });
  void keep();
  t.equal(await attempt(fenced, fenced), HOUR_MS);
  t.equal(await state(), 'proven');
  for (let attempts = 0; attempts < 4; attempts++) await attempt(fenced, unfenced);
  t.equal(await state(), 'missing');
  t.match(warnings(), [/mutatingwebhookconfigurations\/ecr-pull-secrets/]);
});

t.test('a webhook configuration that somebody deleted needs no fence', async (t) => {
  const { attempt, keep, state } = await startWorld(t, { TLS_MODE: 'self-managed' });
  void keep();
  t.equal(await attempt(fenced, (exchange) => exchange.refuse(404)), HOUR_MS);
  t.equal(await state(), 'proven');
});

t.test(
  'a pull secret that is not found proves nothing, because the attempt makes it',
  async (t) => {
    const { attempt, keep, state } = await startWorld(t);
    void keep();
    await attempt((exchange) => exchange.refuse(404));
    t.equal(await state(), 'unknown');
  },
);

t.test('a fence that is switched off is not looked for, and said once', async (t) => {
  const { keep, state, warnings } = await startWorld(t, { FENCE: 'off' });
  await keep();
  t.equal(await state(), 'off');
  t.equal(warnings().length, 1);
});

t.test('a single run warns where the fence is missing or off, and else says nothing', async (t) => {
  const { attempt, client, clock, api } = await startWorld(t);
  const run = async (fence: 'on' | 'off' | undefined): Promise<string> => {
    let output = '';
    const configuration = { ...SINGLE_RUN, fence };
    const print = (more: string): void => {
      output += more;
    };
    const { signal: stop } = new AbortController();
    await warnWithoutFence({ configuration, client, clock, print, stop });
    return output;
  };
  t.match(await run('off'), /^WARNING: no admission policy fences .*\n$/);
  t.equal(await run(undefined), '');

  const proven = run('on');
  fenced(await api.next());
  t.equal(await proven, '');

  const missing = run('on');
  t.equal(await attempt(unfenced), 5_000);
  void attempt(unfenced);
  t.match(await missing, /^WARNING: /);

  const away = run('on');
  busy(await api.next());
  t.equal(await away, '', 'nothing is known');
});
