import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ifFound } from '@ecr-pull-secrets/kube/api-error.ts';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import t from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY, startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { OPS_PORTS } from '@ecr-pull-secrets/testbed/playground/ports.ts';
import { enforceAdmissions, LEFT_ALONE, narrowed, readNamespaceSelector } from './support/admissions-enforcer.ts';
import { readCaBundle, removeCaBundle } from './support/ca.ts';
import { EVERY_SWITCH, EXISTING, POD_LABELS } from './support/every-switch.ts';
import { missingIn, selectorsIn } from './support/promql.ts';
import { pullSecretsOf, SECRET } from './support/pull-secret.ts';
import { readRelease, readVersions } from './support/release.ts';
import { METRICS_OF_PODS } from './support/renewers.ts';

const CHART = fileURLToPath(new URL('../../chart', import.meta.url));
const NAMESPACE = 'labelled';
const NO_WAIT = { wait: false };
const HOME = `/api/v1/namespaces/${PRODUCT_NAME}`;
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const MONITORING = `/apis/monitoring.coreos.com/v1/namespaces/${PRODUCT_NAME}`;

const playground = await startPlayground({ restartBackOff: { baseMs: 500, capMs: 4_000 } });
t.teardown(() => playground.close());
const { api, client, cluster, node } = playground;
const { secretIn, loginWith } = pullSecretsOf(playground);

await api.create('/api/v1/namespaces', {
  metadata: {
    name: PRODUCT_NAME,
    labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
  },
});
await api.createNamespace(NAMESPACE);

async function injected(labels: Manifest = {}, namespace = NAMESPACE): Promise<void> {
  const { spec } = await api.createPod(namespace, {
    metadata: { generateName: 'pod-', labels },
    spec: { containers: [{ name: 'app', image: `${REGISTRY}/app` }] },
  });
  assert.deepEqual(spec.imagePullSecrets, [{ name: SECRET }]);
}

t.test('the defaults pass if Pod Security "restricted" is enforced', async (t) => {
  await playground.install();
  await eventually('injection works', () => injected());
  const pod = { spec: { containers: [{ name: 'app', image: 'x' }] } };
  await t.rejects(api.createPod(PRODUCT_NAME, pod), /violates PodSecurity "restricted/, 'it is enforced');
});

t.test('an upgrade without changes writes nothing', async (t) => {
  await unchangedByUpgrade(t, {});
});

/** Values that the chart does not check, because the API server rejects them with as good a message. */
const LEFT_TO_THE_API_SERVER: readonly (readonly [values: Manifest, message: RegExp])[] = [
  [
    { updateStrategy: { rollingUpdate: { maxSurge: 0 } } },
    /maxUnavailable: Invalid value: .*may not be 0 when `maxSurge` is 0/,
  ],
  [
    { renewer: { extraEnv: ['a', 'b'].map((value) => ({ name: 'A', value })) } },
    /env: duplicate entries for key \[name="A"\]/,
  ],
  [
    { injection: { matchConditions: [{ name: 'not-a-mirror-pod', expression: 'true' }] } },
    /matchConditions: duplicate entries for key \[name="not-a-mirror-pod"\]/,
  ],
];

t.test('the API server rejects by name what the chart leaves to it', async (t) => {
  for (const [values, message] of LEFT_TO_THE_API_SERVER) {
    await t.rejects(playground.install(values, NO_WAIT), { message }, JSON.stringify(values));
  }
});

t.test('the admissions enforcer of AKS does not change the webhook configuration', async (t) => {
  t.notOk(await enforceAdmissions(client));
  const before = await readNamespaceSelector(api);

  // As in the charts of others, and formerly in ours.
  await playground.install({ injection: { annotations: { [LEFT_ALONE]: '' } } }, NO_WAIT);
  t.ok(await enforceAdmissions(client));
  await t.rejects(playground.install({}, NO_WAIT), {
    message: /conflict with "admissionsenforcer" .*\.namespaceSelector/,
  });

  const caBundle = await readCaBundle(api);
  await removeCaBundle(client);
  await eventually('caBundle is repaired all the same', async () => {
    assert.equal(await readCaBundle(api), caBundle);
  });
  await eventually('injection works', () => injected());
  t.strictSame(await readNamespaceSelector(api), narrowed(before));

  const upgrade = ['upgrade', PRODUCT_NAME, CHART, '--namespace', PRODUCT_NAME];
  const forced = ['--reset-then-reuse-values', '--force-conflicts'];
  const asByDefault = String.raw`injection.annotations.admissions\.enforcer/disabled=true`;
  await cluster.helm([...upgrade, ...forced, '--set-string', asByDefault]);
  t.notOk(await enforceAdmissions(client));
  t.same(await readNamespaceSelector(api), before);
});

t.test('without the CRDs of an operator Helm names the kind that is missing, and changes nothing', async (t) => {
  const before = await settled();
  for (const [values, kind] of [
    [{ podMonitor: { enabled: true } }, 'PodMonitor'],
    [{ tls: { mode: 'cert-manager' } }, 'Certificate'],
  ] as const) {
    await t.rejects(playground.install(values, NO_WAIT), { message: new RegExp(`no matches for kind "${kind}"`) });
  }
  t.same(await readVersions(playground), before);
});

t.test('a selector replaces the default label, and the pods work without the ids that OpenShift assigns', async (t) => {
  const team = 'of-the-team';
  await api.createNamespace(team, { injected: false });
  await api.merge(`/api/v1/namespaces/${team}`, { metadata: { labels: { team: 'a' } } });
  await playground.install({ namespaceSelector: { matchLabels: { team: 'a' } }, openshift: { enabled: true } });
  await eventually('injection works by that label alone', () => injected({}, team));
  t.equal(await loginWith(await secretIn(team)), 200);
  await t.rejects(injected(), 'the default label has no effect');
  const { spec } = await api.get<{ spec: unknown }>(
    `/apis/apps/v1/namespaces/${PRODUCT_NAME}/deployments/${PRODUCT_NAME}`,
  );
  t.notMatch(JSON.stringify(spec), /runAsUser|runAsGroup|fsGroup/);
});

t.test('it works with every switch enabled', async (t) => {
  for (const kind of ['PodMonitor', 'ServiceMonitor', 'PrometheusRule']) {
    await api.create(CRDS, crdOf(kind));
  }
  await eventually('they are served', () => api.list(`${MONITORING}/podmonitors`));
  await makeWhatExists();
  await playground.install(EVERY_SWITCH);
  await eventually('injection works', () => injected(POD_LABELS));
  t.equal(await loginWith(await secretIn(NAMESPACE)), 200);

  const release = await readRelease(playground);
  for (const kind of ['NetworkPolicy', 'PodMonitor', 'ServiceMonitor', 'PrometheusRule']) {
    t.ok(release.has(`${kind} ${PRODUCT_NAME}`), kind);
  }
  for (const { kind, metadata } of release.values()) {
    t.match(metadata.labels, { team: 'platform' }, `${kind} ${metadata.name}`);
  }
  t.equal(await ifFound(api.get(`${HOME}/serviceaccounts/${PRODUCT_NAME}`)), undefined);
});

t.test('helm test and an upgrade without changes work with every switch enabled', async (t) => {
  await cluster.helm(['test', PRODUCT_NAME, '--namespace', PRODUCT_NAME, '--timeout', '90s']);
  await unchangedByUpgrade(t, EVERY_SWITCH);
});

t.test('alerts and the dashboard use metrics that the processes have', async (t) => {
  const rendered = [...(await readRelease(playground))]
    .filter(([name]) => /^PrometheusRule|-dashboard$/.test(name))
    .map(([, object]) => JSON.stringify(object));
  const selectors = rendered.flatMap((text) => selectorsIn(text.replaceAll(/\\+"/g, '"')));
  t.ok(selectors.length > 30, `${selectors.length} of them`);
  const isComplete = async (): Promise<void> => {
    const figures = await readFigures();
    // With every switch the renewer does not look for pods; own-values/missed-pods.ts compares these selectors.
    const others = selectors.filter(({ metric }) => !METRICS_OF_PODS.includes(metric));
    const missing = others.flatMap((selector) => missingIn(figures, selector));
    assert.deepEqual([...new Set(missing)], []);
  };
  // Some of it only a leader reports, when it has looked at all namespaces again: 30 s, a part of which has passed.
  await eventually('all of it is there', isComplete, 90_000);
});

t.test('the number of replicas that an autoscaler has set outlives an upgrade', async (t) => {
  const deployment = `/apis/apps/v1/namespaces/${PRODUCT_NAME}/deployments/${PRODUCT_NAME}`;
  await playground.install({ ...EVERY_SWITCH, replicaCount: null });
  t.match(await api.get(deployment), { spec: { replicas: 1 } }, 'before it has set it, the default of the API server');
  await api.merge(`${deployment}/scale`, { spec: { replicas: 2 } });
  for (const revisionHistoryLimit of [2, 3]) {
    await playground.install({ ...EVERY_SWITCH, replicaCount: null, revisionHistoryLimit });
    t.match(await api.get(deployment), { spec: { replicas: 2, revisionHistoryLimit } });
  }
});

async function unchangedByUpgrade(t: Tap, values: Manifest): Promise<void> {
  const before = await settled();
  const caBundle = await readCaBundle(api);
  t.match(caBundle, /^-----BEGIN CERTIFICATE-----/);
  await playground.install(values);
  t.same(await readVersions(playground), before);
  t.equal(await readCaBundle(api), caBundle);
}

type Tap = Pick<typeof t, 'match' | 'same' | 'equal'>;

/** The versions of all objects after the controllers have updated them. */
function settled(): Promise<Readonly<Record<string, string>>> {
  return eventually('nothing changes for a second', async () => {
    const first = await readVersions(playground);
    await delay(1_000);
    assert.deepEqual(await readVersions(playground), first);
    return first;
  });
}

/** The metrics of all processes. */
async function readFigures(): Promise<string> {
  const pods = await api.list<{ status?: { podIP?: string } }>(`${HOME}/pods`);
  const addresses = pods.flatMap(({ status }) => node.toLoopback(status?.podIP ?? '') ?? []);
  const urls = addresses.flatMap((address) =>
    Object.values(OPS_PORTS).map((port) => `http://${address}:${port}/metrics`),
  );
  const figures = await Promise.all(urls.map(async (url) => (await fetch(url)).text()));
  return figures.join('');
}

async function makeWhatExists(): Promise<void> {
  const { certificatePem } = await createCa({
    commonName: 'corporate',
    now: new Date(),
  });
  await api.create(`${HOME}/configmaps`, {
    metadata: { name: EXISTING.caCerts },
    data: { 'corporate.pem': certificatePem },
  });
  await api.create(`${HOME}/secrets`, {
    metadata: { name: EXISTING.proxy },
    // No proxy is there: requests to this machine take none.
    stringData: { HTTPS_PROXY: 'http://user:password@127.0.0.1:1' },
  });
  await api.create(`${HOME}/serviceaccounts`, { metadata: { name: EXISTING.serviceAccount } });
  await api.create('/apis/scheduling.k8s.io/v1/priorityclasses', {
    metadata: { name: EXISTING.priorityClass },
    value: 1000,
  });
  await api.create('/apis/node.k8s.io/v1/runtimeclasses', {
    metadata: { name: EXISTING.runtimeClass },
    handler: 'runc',
  });
}

/** Only the API of the Prometheus Operator. */
function crdOf(kind: string) {
  const plural = `${kind.toLowerCase()}s`;
  const schema = {
    openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  };
  return {
    metadata: { name: `${plural}.monitoring.coreos.com` },
    spec: {
      group: 'monitoring.coreos.com',
      names: { kind, plural },
      scope: 'Namespaced',
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}
