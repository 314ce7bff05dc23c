import assert from 'node:assert/strict';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Manifest, Pod } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { kubernetesMinor, POLICIES_SINCE } from '@ecr-pull-secrets/testbed/testing/admission-policies.ts';
import { CONFIGURATION } from '../support/ca.ts';
import type { ExplainWorld } from '../support/explain.ts';
import { expectReport } from './expect-report.ts';

const POLICY = `/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies/${PRODUCT_NAME}`;
const BINDING = `/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings/${PRODUCT_NAME}`;

/** Waits until the report on a namespace has a line; the API server follows a change after a moment. */
async function reports({ explain }: ExplainWorld, namespace: string, line: RegExp): Promise<void> {
  await eventually(String(line), async () => {
    const { stdout } = await explain([namespace, '--no-pull-test']);
    assert.match(stdout, line);
  });
}

/** What `explain` says about a webhook whose certificate the API server does not trust. */
export function testDistrust(t: Test, world: ExplainWorld): void {
  const { api, node } = world.playground;

  async function signalRenewers(signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    for (const { metadata } of await api.list<Pod>(`/api/v1/namespaces/${PRODUCT_NAME}/pods`)) {
      const pid = node.processes(PRODUCT_NAME, metadata.name).get('renewer');
      if (pid !== undefined) process.kill(-pid, signal);
    }
  }

  async function change(settings: { readonly caBundle: string; readonly failurePolicy: string }): Promise<void> {
    const { caBundle, failurePolicy } = settings;
    const { webhooks } = await api.get<{ webhooks: { clientConfig: object }[] }>(CONFIGURATION);
    const changed = webhooks.map((webhook) =>
      Object.assign(webhook, { failurePolicy, clientConfig: { ...webhook.clientConfig, caBundle } }),
    );
    await api.merge(CONFIGURATION, { webhooks: changed });
  }

  t.test('a wrong caBundle is named, by our own check and in the words of the API server', async (t) => {
    const { webhooks } = await api.get<{ webhooks: { clientConfig: { caBundle: string } }[] }>(CONFIGURATION);
    const right = webhooks[0]?.clientConfig.caBundle ?? '';
    // Or they would correct it at once.
    await signalRenewers('SIGSTOP');
    t.teardown(async () => {
      await change({ caBundle: right, failurePolicy: 'Ignore' });
      await signalRenewers('SIGCONT');
    });
    const { certificatePem } = await createCa({ commonName: 'another', now: new Date() });
    const caBundle = Buffer.from(certificatePem).toString('base64');
    await change({ caBundle, failurePolicy: 'Ignore' });
    await reports(
      world,
      'good',
      /problem +webhook .* created now, because the API server does not trust the webhook: the caBundle is wrong: no CA of the bundle signed the certificate/,
    );
    await change({ caBundle, failurePolicy: 'Fail' });
    await reports(
      world,
      'good',
      /problem +webhook .* is rejected if it is created now .*the caBundle is wrong: certificate signed by unknown authority/,
    );
  });
}

/** What `explain` says if the Deployment has no replica. */
export function testWithoutReplicas(t: Test, world: ExplainWorld): void {
  const { api } = world.playground;

  function createPod(name: string): Promise<Pod> {
    const spec = { containers: [{ name: 'app', image: `${REGISTRY}/app:1` }] };
    return api.createPod('good', { metadata: { name }, spec });
  }

  t.test('a webhook that the API server cannot call is found', async (t) => {
    await api.merge(`/apis/apps/v1/namespaces/${PRODUCT_NAME}/deployments/${PRODUCT_NAME}/scale`, {
      spec: { replicas: 0 },
    });
    await eventually('a pod without the name of the secret', async () => {
      const pod = await createPod(`app-${Date.now()}`);
      assert.equal(pod.spec.imagePullSecrets, undefined);
    });
    await createPod('missed');
    await expectReport(t, world, 'good/missed', {
      exitCode: 1,
      lines: [
        /problem +webhook .* has 0 replicas/,
        /problem +pod .* the webhook was probably not reachable when .* \(failurePolicy Ignore\)/,
      ],
      run: 'kubectl scale deployment/ecr-pull-secrets --namespace ecr-pull-secrets --replicas=2',
    });
  });
}

/** What `explain` says in policy mode. */
export function testPolicyMode(t: Test, world: ExplainWorld, install: (values: Manifest) => Promise<void>): void {
  const { api, client, cluster } = world.playground;

  t.test('in policy mode the selectors of the policy decide', async (t) => {
    if ((await kubernetesMinor(cluster)) < POLICIES_SINCE) return t.pass('Kubernetes is older than 1.36');
    await install({ injection: { mode: 'policy' } });
    await reports(world, 'good', /ok +webhook +a pod with an ECR image gets the name of ecr-pull-secret/);
    await reports(world, 'misspelt', /problem +label .*=Enabled, but the policy requires the label .*=enabled$/m);

    await client.request({ method: 'DELETE', path: BINDING });
    await reports(world, 'good', /problem +webhook .* has no MutatingAdmissionPolicyBinding$/m);
    // The command that the report ends with.
    await install({ injection: { mode: 'policy' } });
    await reports(world, 'good', /ok +webhook /);

    await api.merge(POLICY, { spec: { matchConstraints: { namespaceSelector: { matchLabels: { team: 'a' } } } } });
    await reports(world, 'good', /problem +label .*the policy does not select .*probably changed by hand$/m);
    return undefined;
  });
}
