import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import { ifFound } from '@ecr-pull-secrets/kube/api-error.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Event, Manifest, Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { waitFor } from '../support/cron-job.ts';
import { warningsIn } from '../support/warnings.ts';
import { startDenyingWebhook } from '../support/denying-webhook.ts';
import { startHangingWebhook } from '../support/others-webhook.ts';
import { pathOf, pullSecretsOf, SECRET } from '../support/pull-secret.ts';
import { logOf, nextLeader, readHolder, replicasOf } from '../support/renewers.ts';
import { startSingleRun } from '../support/single-run.ts';
import { playground } from './release.ts';

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';

const WEBHOOKS = `${ADMISSION}/validatingwebhookconfigurations`;

/** Three refusals and their growing waits are past. */
const REFUSED_FOR_MS = 4_000;

/** The rules may count for a moment longer, so that one more wait has grown. */
const LONGEST_WAIT_MS = 60_000;

const { api } = playground;

const { secretIn, loginWith } = pullSecretsOf(playground);

/** Rules for the secrets of one namespace. */
function secretsOf(namespace: string): Manifest {
  return {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    rules: [
      {
        operations: ['CREATE', 'UPDATE'],
        apiGroups: [''],
        apiVersions: ['v1'],
        resources: ['secrets'],
      },
    ],
  };
}

function webhook(namespace: string, clientConfig: Manifest): Manifest {
  return {
    metadata: { name: namespace },
    webhooks: [
      {
        name: 'guard.example.com',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
        clientConfig,
        ...secretsOf(namespace),
      },
    ],
  };
}

/** Waits until the API server refuses secrets in a namespace: it applies new rules after a moment. */
function refuses(namespace: string, words: RegExp): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  return eventually('the rules count', () =>
    assert.rejects(api.create(path, { metadata: { name: 'probe' } }, { dryRun: 'All' }), words),
  );
}

function eventsIn(namespace: string): Promise<readonly Event[]> {
  return warningsIn(api, namespace);
}

/**
 * Labels a namespace whose secrets are refused, and expects one Event that says so while another namespace
 * is served; and the secret, once nothing refuses it.
 */
async function meetRefusal(
  t: Test,
  namespace: string,
  expected: { readonly message: RegExp; readonly allow: () => Promise<unknown> },
): Promise<void> {
  await api.merge(`/api/v1/namespaces/${namespace}`, {
    metadata: { labels: { 'ecr-pull-secrets.io/inject': 'enabled' } },
  });
  await eventually('an Event in the namespace', async () => {
    assert.equal((await eventsIn(namespace)).length, 1);
  });
  await api.createNamespace(`beside-${namespace}`);
  t.equal(await loginWith(await secretIn(`beside-${namespace}`)), 200);
  await delay(REFUSED_FOR_MS);
  const events = await eventsIn(namespace);
  t.match(events, [{ reason: 'PullSecretRefused', message: expected.message }]);
  t.equal(events.length, 1, 'said once, however often it is tried');
  t.equal(await ifFound(api.get(pathOf(namespace))), undefined);
  await expected.allow();
  // Tried again by itself, after waits that grow: no watch reports that it is allowed.
  const path = pathOf(namespace);
  const secret = await eventually('the secret', () => api.get<Secret>(path), LONGEST_WAIT_MS);
  t.equal(await loginWith(secret), 200);
}

/**
 * For how long the API server waits for each of the webhooks, one after the other. Longer than 15 s together, after which
 * the renewer hung up for ever, and 34 s at most, when the API server gives up. `npm run test:slow` tries others.
 */
const TIMEOUTS_SECONDS = (process.env['SLOW_WEBHOOKS_SECONDS'] ?? '17').split(',').map(Number);

const SLOWNESS_SECONDS = TIMEOUTS_SECONDS.reduce((sum, seconds) => sum + seconds);

/** More than the writers that there are. */
const SLOW = Array.from({ length: 20 }, (_, index) => `slow-${index}`);

const SLOW_IN_A_RUN = Array.from({ length: 12 }, (_, index) => `a-slow-${index}`);

const QUICK = Array.from({ length: 10 }, (_, index) => `quick-${index}`);

/** Webhooks that never answer, of which nothing is refused: the API server waits and then stores. */
async function startSlowness(t: Test): Promise<void> {
  const hanging = await startHangingWebhook();
  t.teardown(() => hanging.close());
  // It calls the webhooks that may change an object one after the other, and all others at once.
  const { rules } = secretsOf('x');
  const configurations = `${ADMISSION}/mutatingwebhookconfigurations`;
  await api.create(configurations, {
    metadata: { name: 'slow' },
    webhooks: TIMEOUTS_SECONDS.map((timeoutSeconds, index) => ({
      name: `slow-${index}.example.com`,
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Ignore',
      timeoutSeconds,
      clientConfig: hanging.clientConfig,
      namespaceSelector: { matchLabels: { pace: 'slow' } },
      rules,
    })),
  });
  t.teardown(() => api.remove(`${configurations}/slow`));
  await Promise.all(
    [...SLOW, ...SLOW_IN_A_RUN].map((name) =>
      api.create('/api/v1/namespaces', { metadata: { name, labels: { pace: 'slow' } } }),
    ),
  );
  await eventually('the webhook counts', async () => {
    const probe = { metadata: { name: 'probe' } };
    await api.create('/api/v1/namespaces/slow-0/secrets', probe, { dryRun: 'All' });
    assert.ok(hanging.asked.dryRuns > 0);
  });
}

/** Makes a namespace, and resolves with how long it took until it had its secret. */
async function waitOf(namespace: string): Promise<number> {
  const startMs = performance.now();
  await api.createNamespace(namespace);
  await secretIn(namespace);
  return performance.now() - startMs;
}

/** What refuses, delays or overwrites the secrets of one namespace. */
export async function testRefusals(t: Test): Promise<void> {
  t.test('a webhook that does not answer stops its own namespace alone', async (t) => {
    const namespace = 'unanswered';
    await api.createNamespace(namespace, { injected: false });
    const service = { name: 'absent', namespace: 'default', path: '/' };
    await api.create(WEBHOOKS, webhook(namespace, { service }));
    await refuses(namespace, /calling webhook/);
    await meetRefusal(t, namespace, {
      message: /admission webhook that must agree does not respond.*guard\.example\.com/,
      allow: () => api.remove(`${WEBHOOKS}/${namespace}`),
    });
  });

  t.test('a webhook that denies a secret stops its own namespace alone', async (t) => {
    const namespace = 'denied';
    const guard = await startDenyingWebhook('no credentials here');
    t.teardown(() => guard.close());
    await api.createNamespace(namespace, { injected: false });
    await api.create(WEBHOOKS, webhook(namespace, guard.clientConfig));
    await refuses(namespace, / 400 .*denied/);
    await meetRefusal(t, namespace, {
      message: /an admission webhook refuses it.*no credentials here/,
      allow: () => api.remove(`${WEBHOOKS}/${namespace}`),
    });
  });

  t.test('an admission policy stops its own namespace alone', async (t) => {
    const namespace = 'governed';
    await api.createNamespace(namespace, { injected: false });
    const { namespaceSelector, rules } = secretsOf(namespace);
    const policies = `${ADMISSION}/validatingadmissionpolicies`;
    await api.create(policies, {
      metadata: { name: namespace },
      spec: {
        matchConstraints: { resourceRules: rules },
        validations: [{ expression: 'false', message: 'no credentials here' }],
      },
    });
    await api.create(`${ADMISSION}/validatingadmissionpolicybindings`, {
      metadata: { name: namespace },
      spec: {
        policyName: namespace,
        validationActions: ['Deny'],
        matchResources: { namespaceSelector },
      },
    });
    await refuses(namespace, / 422 .*denied/);
    await meetRefusal(t, namespace, {
      message: /an admission policy refuses it.*no credentials here/,
      allow: () => api.remove(`${policies}/${namespace}`),
    });
  });

  t.test('slow webhooks of others hold up the secrets of their own namespaces alone', async (t) => {
    await startSlowness(t);
    await Promise.all([
      ...QUICK.map((name) => api.createNamespace(`a-${name}`, { injected: false })),
      ...SLOW.map((namespace) =>
        api.merge(`/api/v1/namespaces/${namespace}`, {
          metadata: { labels: { 'ecr-pull-secrets.io/inject': 'enabled' } },
        }),
      ),
    ]);
    const waits = await Promise.all(QUICK.map(waitOf));
    const sorted = waits.toSorted((a, b) => a - b);
    const [median = 0, longest = 0] = [sorted.at(sorted.length / 2), sorted.at(-1)];
    t.ok(median < 1_000, `${Math.round(median)} ms as a rule`);
    t.ok(longest < 5_000, `${Math.round(longest)} ms on a busy machine`);

    const startMs = performance.now();
    const variables = { DOCKER_SECRET_NAME: SECRET, TARGET_NAMESPACE: 'a-*' };
    const run = startSingleRun(playground, variables);
    const ended = waitFor(run);
    for (const name of QUICK) t.equal(await loginWith(await secretIn(`a-${name}`)), 200);
    t.comment(`run: ${performance.now() - startMs} ms`);
    t.equal(run.exitCode, null, 'a run does not wait for slow namespaces before it goes on');

    const leader = await nextLeader(playground);
    const stoppedMs = performance.now();
    process.kill(leader.pid, 'SIGTERM');
    const follower = await nextLeader(playground, leader.identity);
    t.comment(`change of leaders: ${performance.now() - stoppedMs} ms`);

    const { exitCode, stdout } = await ended;
    t.equal(exitCode, 0);
    for (const name of SLOW_IN_A_RUN) t.match(stdout, `[${name}]... success\n`);
    t.match(stdout, /WARNING: writing the secret took .* in 12: a-slow-0, .*\nJob complete\.\n$/);
    for (const namespace of SLOW) {
      t.equal(await loginWith(await secretIn(namespace)), 200);
      const events = await eventually('an Event', async () => {
        const found = await eventsIn(namespace);
        assert.ok(found.length > 0);
        return found;
      });
      t.match(events, [{ reason: 'PullSecretSlow', message: /took \d+ s.*timeoutSeconds/ }]);
      t.equal(events.length, 1);
      const seconds = Number(/took (\d+) s/.exec(events[0]?.message ?? '')?.[1]);
      t.ok(seconds >= SLOWNESS_SECONDS, `${seconds} s`);
    }
    for (const name of QUICK) t.same(await eventsIn(name), []);
    t.equal(await readHolder(playground), follower.identity, 'slow writes do not cost the lease');
    for (const pod of await replicasOf(playground)) {
      t.notMatch(await logOf(playground, pod), /UNREACHABLE|writing a pull secret failed/);
    }
  });

  t.test('another writer is not fought at full speed, and is reported', async (t) => {
    const namespace = 'contested';
    await api.createNamespace(namespace);
    await secretIn(namespace);
    const data = { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') };
    const untilMs = Date.now() + 10_000;
    let restored = 0;
    while (Date.now() < untilMs) {
      const secret = await api.get<Secret>(pathOf(namespace));
      if (secret.data?.['.dockerconfigjson'] === data['.dockerconfigjson']) continue;
      await api.merge(pathOf(namespace), { data });
      restored++;
    }
    t.ok(restored >= 4, `the first repairs come at once: ${restored}`);
    t.ok(restored <= 15, `the others do not: ${restored}`);
    t.match(await eventsIn(namespace), [
      { reason: 'PullSecretContested', message: /^Another tool .* again and again\./ },
    ]);
  });
}
