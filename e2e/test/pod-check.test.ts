import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import t from 'tap';
import { type ApiResponse, requestApi } from '@ecr-pull-secrets/testbed/local-cluster/api-request.ts';
import { ensureKubectl } from '@ecr-pull-secrets/testbed/local-cluster/binaries.ts';
import { progressToStderr } from '@ecr-pull-secrets/testbed/local-cluster/progress.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY, startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import {
  countValidations,
  kubernetesMinor,
  POLICIES_SINCE,
  validationsOf,
} from '@ecr-pull-secrets/testbed/testing/admission-policies.ts';
import { countFailOpen, sumOfMetric } from '@ecr-pull-secrets/testbed/testing/api-server-metrics.ts';
import { CONFIGURATION } from './support/ca.ts';
import { ECR_IMAGE, LABELLED, podWith, UNLABELLED } from './support/injection-cases/case.ts';
import { INJECTION_GROUPS } from './support/injection-cases/groups.ts';
import { createInjectionWorld, secretsOf } from './support/injection-world.ts';
import { readManifest } from './support/manifest.ts';
import { SECRET } from './support/pull-secret.ts';

const CHART = fileURLToPath(new URL('../../chart', import.meta.url));
const CHECK = `${PRODUCT_NAME}-check`;
const POLICY = `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/${CHECK}`;
const DEPLOYMENT = `/apis/apps/v1/namespaces/${PRODUCT_NAME}/deployments/${PRODUCT_NAME}`;
const MESSAGE = `this pod has an image that needs a pull secret, but its imagePullSecrets do not contain "${SECRET}"`;

const playground = await startPlayground({ audit: true });
t.teardown(() => playground.close());
const { api, cluster } = playground;
await api.createNamespace(PRODUCT_NAME, { injected: false });
const world = await createInjectionWorld(playground);
t.teardown(() => world.close());
const minor = await kubernetesMinor(cluster);
await playground.install();

/** The answer to a dry run of a pod, with its warnings. */
function tryPod(namespace: string, pod: Manifest): Promise<ApiResponse> {
  return requestApi({ ...cluster, token: cluster.adminToken }, `/api/v1/namespaces/${namespace}/pods?dryRun=All`, {
    method: 'POST',
    body: { apiVersion: 'v1', kind: 'Pod', ...pod },
  });
}

/** The warnings of the check, in which a header escapes quotes. */
function ofTheCheck({ warnings }: ApiResponse): readonly string[] {
  return warnings.filter((text) => text.includes(CHECK)).map((text) => text.replaceAll(String.raw`\"`, '"'));
}

/** Waits until a pod with an ECR image has the secret and no warning. */
async function injected(): Promise<void> {
  await eventually('injection works', async () => {
    const answer = await tryPod(LABELLED, podWith({}));
    assert.equal(answer.status, 201);
    assert.deepEqual([secretsOf(JSON.parse(answer.body)), ofTheCheck(answer)], [[SECRET], []]);
  });
}

/** Waits until a pod with an ECR image is created without it, and returns the warnings. */
function missed(): Promise<readonly string[]> {
  return eventually('the webhook is away', async () => {
    const answer = await tryPod(LABELLED, podWith({}));
    assert.deepEqual(secretsOf(JSON.parse(answer.body)), []);
    return ofTheCheck(answer);
  });
}

function scale(replicas: number): Promise<unknown> {
  return api.merge(`${DEPLOYMENT}/scale`, { spec: { replicas } });
}

/** The selectors of metrics in the alert, in which POLICY_NAME is replaced as by the chart. */
async function selectorsOfAlert(): Promise<readonly string[]> {
  const text = await readFile(`${CHART}/monitoring/alerts.yaml`, 'utf8');
  const [, alert = ''] = /- alert: EcrPullSecretsCheckFailed\n([^]*?)\n {2}labels:/.exec(text) ?? [];
  const selectors = [...alert.matchAll(/\w+_total\{[^}]*\}/g)].map(([one]) => one.replace('POLICY_NAME', PRODUCT_NAME));
  assert.equal(selectors.length, 3);
  return [...new Set(selectors)];
}

t.test('while the webhook works there is no warning, and the check counts nothing', async (t) => {
  await injected();
  t.equal(await countValidations(cluster, CHECK, 'warn'), 0);
});

t.test('while the webhook is unreachable, anyone who creates a pod gets the warning, and it is counted', async (t) => {
  await scale(0);
  const [warning] = await missed();
  t.match(warning, MESSAGE);
  t.ok((await countFailOpen(cluster)) > 0, 'the API server could not call it');
  const before = await countValidations(cluster, CHECK, 'warn');
  t.equal((await tryPod(LABELLED, podWith({}))).status, 201, 'the pod is created');
  t.equal(await countValidations(cluster, CHECK, 'warn'), before + 1);
  t.ok((await countValidations(cluster, CHECK, 'audit')) > before, 'an audit is counted too');
  t.match(
    await readFile(cluster.auditLogPath ?? '', 'utf8'),
    '"validation.policy.admission.k8s.io/validation_failure":',
  );
});

t.test('kubectl prints it', async (t) => {
  const kubectl = await ensureKubectl({ progress: progressToStderr, environment: process.env });
  const run = ['run', 'printed', '--namespace', LABELLED, `--image=${ECR_IMAGE}`, '--dry-run=server'];
  const options = { env: { KUBECONFIG: cluster.kubeconfigPath, HOME: cluster.directory } };
  const { stdout, stderr } = await promisify(execFile)(kubectl, run, options);
  t.match(stdout, 'pod/printed created (server dry run)');
  t.match(stderr, `Warning: Validation failed for ValidatingAdmissionPolicy '${CHECK}'`);
  t.match(stderr, MESSAGE);
});

t.test('the expression of the alert selects what the API server counts', async (t) => {
  const [selector = ''] = await selectorsOfAlert();
  const [, metric = '', labels = ''] = /^(\w+)\{(.*)\}$/.exec(selector) ?? [];
  const [policy = '', actions = ''] = labels.split(',');
  const [, values = ''] = /^enforcement_action=~"(.*)"$/.exec(actions) ?? [];
  t.same(values.split('|'), ['allow', 'warn', 'deny']);
  const [counted = ''] = await validationsOf(cluster, CHECK);
  t.match(counted, `${metric}{`);
  t.ok(counted.includes(policy));
  t.ok((await sumOfMetric(cluster, metric, 'enforcement_action="warn"')) > 0);
});

t.test('a pod that names the secret, by itself or by its ServiceAccount, causes no warning', async (t) => {
  await api.create(`/api/v1/namespaces/${LABELLED}/serviceaccounts`, {
    metadata: { name: 'named' },
    imagePullSecrets: [{ name: SECRET }],
  });
  for (const spec of [{ imagePullSecrets: [{ name: SECRET }] }, { serviceAccountName: 'named' }]) {
    const answer = await eventually('the ServiceAccount is known', async () => {
      const found = await tryPod(LABELLED, podWith(spec));
      assert.equal(found.status, 201);
      return found;
    });
    t.same(secretsOf(JSON.parse(answer.body)), [SECRET]);
    t.same(ofTheCheck(answer), [], JSON.stringify(spec));
  }
});

t.test('a pod of 12,000 containers is within the CEL cost budget', async (t) => {
  const containers = Array.from({ length: 11_999 }, (_, index) => ({
    name: `app-${index}`,
    image: `registry.example.com/team/application-${index}:1`,
  }));
  const pod = podWith({ containers: [...containers, { name: 'last', image: ECR_IMAGE }] });
  const before = await countValidations(cluster, CHECK, 'warn');
  const startMs = performance.now();
  t.same(secretsOf(await api.createPod(LABELLED, pod, { dryRun: 'All' })), []);
  t.comment(`${Math.round(performance.now() - startMs)} ms`);
  t.equal(await countValidations(cluster, CHECK, 'warn'), before + 1, 'the last image was found');
  t.equal(await countValidations(cluster, CHECK, 'allow'), 0, 'the expressions did not exceed the budget');
});

t.test('when the webhook is back, there is no warning', async (t) => {
  await scale(2);
  await injected();
  const before = await countValidations(cluster, CHECK, 'warn');
  await injected();
  t.equal(await countValidations(cluster, CHECK, 'warn'), before);
});

t.test(
  'helm test works with deny, and while the webhook is away only pods that need the secret are refused',
  async (t) => {
    await playground.install({ injection: { check: 'deny' } });
    await injected();
    await cluster.helm(['test', PRODUCT_NAME, '--namespace', PRODUCT_NAME, '--timeout', '90s']);
    const before = await countValidations(cluster, CHECK, 'deny');
    await api.remove(CONFIGURATION);
    const refused = await eventually('pods are refused', async () => {
      const answer = await tryPod(LABELLED, podWith({}));
      assert.equal(answer.status, 422);
      return answer;
    });
    t.match(refused.body, MESSAGE.replaceAll('"', String.raw`\"`));
    t.ok((await countValidations(cluster, CHECK, 'deny')) > before);
    const others: readonly (readonly [string, Manifest])[] = [
      [LABELLED, podWith({ containers: [{ name: 'app', image: 'nginx' }] })],
      [UNLABELLED, podWith({})],
      [PRODUCT_NAME, podWith({})],
      ['kube-system', podWith({})],
    ];
    for (const [namespace, pod] of others) {
      t.equal((await tryPod(namespace, pod)).status, 201, namespace);
    }
  },
);

t.test(
  'with a policy that injects there is no warning',
  { skip: minor >= POLICIES_SINCE ? false : 'Kubernetes is older than 1.36' },
  async (t) => {
    for (const mode of ['policy', 'both']) {
      await playground.install({ injection: { mode } });
      await injected();
      const before = await countValidations(cluster, CHECK, 'warn');
      for (const image of [ECR_IMAGE, `${REGISTRY}/other`, 'nginx']) {
        t.same(ofTheCheck(await tryPod(LABELLED, podWith({ containers: [{ name: 'app', image }] }))), [], mode);
      }
      t.equal(await countValidations(cluster, CHECK, 'warn'), before);
    }
  },
);

t.test('with warn again, they are created', async (t) => {
  await playground.install();
  await injected();
  await api.remove(CONFIGURATION);
  t.match(await missed(), [MESSAGE]);
});

for (const { name, values, sentinel, cases } of INJECTION_GROUPS) {
  t.test(`${name}: without a webhook exactly the pods that it would change cause the warning`, async (t) => {
    await api.merge(POLICY, { spec: await specWith(values) });
    const pod = podWith({ containers: [{ name: 'app', image: sentinel }] });
    await eventually('the values are effective', async () => {
      assert.equal(ofTheCheck(await tryPod(LABELLED, pod)).length, 1);
      if (values.excludeNamespace === undefined) return;
      assert.equal(ofTheCheck(await tryPod('closed', pod)).length, 0);
    });
    for (const each of cases.filter(({ since = 0 }) => since <= minor)) {
      const answer = await tryPod(each.namespace, each.pod);
      if (typeof each.result === 'number') {
        t.equal(answer.status, each.result, each.name);
        continue;
      }
      const lacks = each.result.includes(SECRET) && !secretsOf(JSON.parse(answer.body)).includes(SECRET);
      t.equal(ofTheCheck(answer).length, lacks ? 1 : 0, each.name);
    }
  });
}

/** The rendered policy of the check with a group's values. */
async function specWith(values: Manifest): Promise<unknown> {
  const place = ['template', PRODUCT_NAME, CHART, '--namespace', PRODUCT_NAME];
  const required = ['--set', 'awsRegion=us-east-1,image.repository=x'];
  const settings = Object.entries(values).flatMap(([key, value]) => ['--set-json', `${key}=${JSON.stringify(value)}`]);
  const { stdout } = await cluster.helm([...place, ...required, ...settings]);
  return Object(readManifest(stdout).find(({ metadata }) => metadata.name === CHECK)).spec;
}

t.test('no evaluation failed, and the API server found no wrong type in an expression', async (t) => {
  t.equal(await countValidations(cluster, CHECK, 'allow'), 0);
  const { status } = await eventually('it was type checked', async () => {
    const found = await api.get<{ status?: { typeChecking?: { expressionWarnings?: unknown } } }>(POLICY);
    assert.ok(found.status?.typeChecking);
    return found;
  });
  t.same(status?.typeChecking, {});
});
