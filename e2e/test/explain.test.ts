import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { INJECT_LABEL, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import t, { type Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Manifest, Pod, Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { testFromCluster } from './explain/from-cluster.ts';
import { testDistrust, testPolicyMode } from './explain/injector.ts';
import { CLOSED_REGISTRY, FAR_REGISTRY, startExplainWorld } from './support/explain.ts';
import { startKubectl } from './support/kubectl.ts';
import { pathOf, SECRET } from './support/pull-secret.ts';

// Each failure is made for real; the words of each step have unit tests in cli/test/explain/.

const world = await startExplainWorld();
const { playground, explain, inClusterAs, networkValues, pluginDirectory, close } = world;
t.teardown(() => close());
const { api } = playground;

function install(values: Manifest = {}): Promise<void> {
  const registries = [REGISTRY, CLOSED_REGISTRY, FAR_REGISTRY];
  return playground.install({ ...networkValues, registries, excludeNamespace: 'left-out,other-*', ...values });
}

await install();
await api.createNamespace('good');
await api.createNamespace('left-out');
for (const namespace of ['misspelt-value', 'misspelt-key', 'late', 'typed']) {
  await api.createNamespace(namespace, { injected: false });
}
await eventually('the secret', () => api.get<Secret>(pathOf('good')));

function createPod(namespace: string, image: string, name = 'app'): Promise<Pod> {
  return api.createPod(namespace, { metadata: { name }, spec: { containers: [{ name: 'app', image }] } });
}

function label(namespace: string, labels: Readonly<Record<string, string>>): Promise<unknown> {
  return api.merge(`/api/v1/namespaces/${namespace}`, { metadata: { labels } });
}

interface Expected {
  readonly exitCode: number;
  readonly lines: readonly RegExp[];
  readonly run?: string;
}

/** Compares a report; no report contains a password. */
async function expectReport(t: Test, subject: string, { exitCode, lines, run }: Expected): Promise<void> {
  const report = await explain([subject]);
  for (const line of lines) t.match(report.stdout, line, `${subject}: ${line}`);
  if (run !== undefined) t.equal(report.stdout.trimEnd().split('\n').at(-1), `Run: ${run}`, subject);
  t.equal(report.exitCode, exitCode, `${subject}: ${report.stdout}${report.stderr}`);
  for (const secret of playground.ecr.secrets()) t.notOk(report.stdout.includes(secret), 'no secret is printed');
}

t.test('a pod that pulls has no problem, within a second', async (t) => {
  await eventually('a pod with the name of the secret', async () => {
    const pod = await createPod('good', `${REGISTRY}/app:1`, `app-${Date.now()}`);
    assert.deepEqual(pod.spec.imagePullSecrets, [{ name: SECRET }]);
  });
  await createPod('good', `${REGISTRY}/app:1`);
  await expectReport(t, 'good/app', {
    exitCode: 0,
    lines: [
      /ok +label .* has the label ecr-pull-secrets\.io\/inject=enabled$/m,
      /ok +webhook +a pod like this one gets the name of ecr-pull-secret if it is created now$/m,
      /ok +pod +the pod names ecr-pull-secret$/m,
      /ok +secret .* are valid until 20/,
      /ok +image .*the kubelet tries ecr-pull-secret \(.*123456789012\.dkr\.ecr\.us-east-1\.amazonaws\.com\)$/m,
      /ok +pull .*the secret pulls it \(123456789012.*, then prod-us-east-1-starport.*\.amazonaws\.com\)$/m,
      /\n\nNo problem found\.\n$/,
    ],
  });
  const { seconds, stderr } = await explain(['good/app']);
  t.comment(`explain took ${seconds.toFixed(2)} s`);
  t.equal(stderr, '');
  const { stdout } = await explain(['--output', 'json', 'good', '--no-pull-test']);
  t.match(JSON.parse(stdout), { subject: 'good', health: 'ok' });
});

t.test('it is a plugin of kubectl', async (t) => {
  const path = `${await pluginDirectory()}:${process.env['PATH'] ?? ''}`;
  t.intercept(process, 'env', { value: { ...process.env, PATH: path } });
  const kubectl = await startKubectl(playground.cluster);
  const lines = await kubectl('ecr-pull-secrets', 'explain', 'good/app', '--no-pull-test');
  t.equal(lines[0], 'good/app');
  t.equal(lines.at(-1), 'No problem found.');
});

t.test('a misspelt label is found', async (t) => {
  await label('misspelt-value', { [INJECT_LABEL]: 'Enabled' });
  await label('misspelt-key', { 'ecr-pull-secret.io/inject': 'enabled' });
  await createPod('misspelt-value', `${REGISTRY}/app:1`);
  await expectReport(t, 'misspelt-value/app', {
    exitCode: 1,
    lines: [/problem +label .*has ecr-pull-secrets\.io\/inject=Enabled, but the webhook requires .*=enabled$/m],
    run: `kubectl label namespace misspelt-value ${INJECT_LABEL}=enabled --overwrite`,
  });
  await expectReport(t, 'misspelt-key', {
    exitCode: 1,
    lines: [/problem +label .* the label ecr-pull-secret\.io\/inject, which is probably misspelt/],
    run: `kubectl label namespace misspelt-key ${INJECT_LABEL}=enabled ecr-pull-secret.io/inject-`,
  });
});

t.test('an excluded namespace is found', async (t) => {
  await expectReport(t, 'left-out', {
    exitCode: 1,
    lines: [/problem +namespace .*excludeNamespace \(left-out, other-\*\) excludes the namespace left-out$/m],
    run: `helm upgrade ${PRODUCT_NAME} ./chart --namespace ${PRODUCT_NAME} --reset-then-reuse-values --set-string excludeNamespace='other-*'`,
  });
  await expectReport(t, 'kube-system', {
    exitCode: 1,
    lines: [
      /problem +label .*excludes .* kube-system by its name: run the workload in another namespace$/m,
      /\n\nCorrect the first problem/,
    ],
  });
});

t.test('a pod that is older than the label is found', async (t) => {
  await createPod('late', `${REGISTRY}/app:1`);
  await delay(1_500);
  // By another manager than that which created the namespace, as a person does it.
  const kubectl = await startKubectl(playground.cluster);
  await kubectl('label', 'namespace', 'late', `${INJECT_LABEL}=enabled`);
  await eventually('the secret', () => api.get<Secret>(pathOf('late')));
  await expectReport(t, 'late/app', {
    exitCode: 1,
    lines: [
      /ok +webhook /,
      /problem +pod +the pod does not name .* probably before the namespace got its label \(20.*estimate/,
    ],
    run: 'kubectl get pod app --namespace late --output yaml | kubectl replace --force --filename -',
  });
  await expectReport(t, 'late', {
    exitCode: 1,
    lines: [/problem +pod +1 of 1 pods with ECR images do not name ecr-pull-secret: app$/m],
    run: 'ecr-pull-secrets explain late/app',
  });
});

t.test('a secret of another type is found', async (t) => {
  const metadata = { name: SECRET };
  await api.create('/api/v1/namespaces/typed/secrets', { metadata, type: 'Opaque', stringData: { a: 'b' } });
  await label('typed', { [INJECT_LABEL]: 'enabled' });
  await expectReport(t, 'typed', {
    exitCode: 1,
    lines: [/problem +secret .* has the type Opaque, and the kubelet only uses kubernetes\.io\/dockerconfigjson/],
    run: 'kubectl delete secret ecr-pull-secret --namespace typed',
  });
});

const REFUSALS: Readonly<Record<string, readonly [image: string, line: RegExp, run: RegExp]>> = {
  'not-covered': [
    `${REGISTRY.replace(/^\d+/, '999999999999')}/app:1`,
    /problem +image .*no token in ecr-pull-secret covers the registry 999999999999\.dkr/,
    /^Run: helm get values ecr-pull-secrets --namespace ecr-pull-secrets --all$/m,
  ],
  'no-such-tag': [
    `${REGISTRY}/app:2`,
    /problem +pull .* answered 404 \(Requested image not found\): there is no such image$/m,
    /^Run: aws ecr describe-images --registry-id 123456789012 .* --repository-name app --image-ids imageTag=2$/m,
  ],
  'no-such-repository': [
    `${REGISTRY}/team/none:1`,
    /pull .* answered 404 \(The repository .* does not exist/,
    /^Run: aws/m,
  ],
  'no-manifest': [
    `${REGISTRY}/team/closed:1`,
    /problem +pull .* 403 \(.*\): the identity of the token lacks ecr:BatchGetImage on this repository$/m,
    /^Run: aws ecr get-repository-policy .* --repository-name team\/closed$/m,
  ],
  'no-layers': [
    `${REGISTRY}/team/no-layers:1`,
    /problem +pull .* lacks ecr:GetDownloadUrlForLayer on this repository$/m,
    /^Run: aws ecr get-repository-policy/m,
  ],
  'no-login': [
    `${CLOSED_REGISTRY}/app:1`,
    /problem +pull .* answered 401 \(Your Authorization Token is invalid\.\): the token does not log in/,
    /^Run: kubectl delete secret ecr-pull-secrets-tokens/m,
  ],
};

for (const [name, [image, line, run]] of Object.entries(REFUSALS)) {
  t.test(`a pod that cannot pull: ${name}`, async (t) => {
    await createPod('good', image, name);
    await expectReport(t, `good/${name}`, { exitCode: 1, lines: [/ok +pod /, line, run] });
  });
}

testFromCluster(t, world);

t.test('what cannot be reached or read is said, and is no problem of the cluster', async (t) => {
  await createPod('good', `${FAR_REGISTRY}/app:1`, 'far');
  await expectReport(t, 'good/far', {
    exitCode: 2,
    lines: [/unknown +pull .* there is no connection from here to 1234/],
  });
  const untrusted = await explain(['good/app'], { NODE_EXTRA_CA_CERTS: '' });
  t.match(untrusted.stdout, /unknown +pull .* the certificate of 1234.* is not trusted here/);

  const path = '/api/v1/namespaces/good/serviceaccounts/default/token';
  const { status } = await api.create<{ status: { token: string } }>(path, { spec: {} });
  const { stdout, exitCode } = await explain(['good/app'], await inClusterAs(status.token));
  t.match(stdout, /unknown +label .* you lack the right to get the namespace good$/m);
  t.match(stdout, /unknown +pod .* you lack the right to get pods in namespace good$/m);
  t.match(stdout, /unknown +secret .* you lack the right to get secrets in namespace good$/m);
  t.equal(exitCode, 2);
});

testDistrust(t, world);

t.test('a webhook that the API server cannot call is found', async (t) => {
  await api.merge('/apis/apps/v1/namespaces/ecr-pull-secrets/deployments/ecr-pull-secrets/scale', {
    spec: { replicas: 0 },
  });
  await eventually('a pod without the name of the secret', async () => {
    const pod = await createPod('good', `${REGISTRY}/app:1`, `app-${Date.now()}`);
    assert.equal(pod.spec.imagePullSecrets, undefined);
  });
  await createPod('good', `${REGISTRY}/app:1`, 'missed');
  await expectReport(t, 'good/missed', {
    exitCode: 1,
    lines: [
      /problem +webhook .* has 0 replicas/,
      /problem +pod .* the webhook was probably not reachable when .* \(failurePolicy Ignore\)/,
    ],
    run: 'kubectl scale deployment/ecr-pull-secrets --namespace ecr-pull-secrets --replicas=2',
  });
});

testPolicyMode(t, world, install);
