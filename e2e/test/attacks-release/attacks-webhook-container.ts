import assert from 'node:assert/strict';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Test } from 'tap';
import { propertyOf } from '@ecr-pull-secrets/shared/json/untrusted-json.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Manifest, Pod } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { replicasOf } from '../support/renewers.ts';
import { COMPROMISED, playground } from './release.ts';

const IMAGE = `${REGISTRY}/app`;
const ATTACKERS_IMAGE = 'attacker.example/image';

/** What the attacker's patch requests, and gets. */
const TAKEN_OVER = {
  spec: {
    serviceAccountName: 'of-the-namespace',
    containers: [
      {
        image: ATTACKERS_IMAGE,
        securityContext: { privileged: true },
        envFrom: [{ secretRef: { name: 'of-the-namespace' } }],
      },
    ],
  },
};

const { api, node } = playground;

function createPod(namespace: string, metadata: Manifest = {}): Promise<Pod> {
  const spec = { serviceAccountName: 'default', containers: [{ name: 'app', image: IMAGE }] };
  const query = { dryRun: 'All' };
  return api.createPod(namespace, { metadata: { generateName: 'pod-', ...metadata }, spec }, query);
}

async function attackersLog(): Promise<string> {
  const pods = await replicasOf(playground);
  const logs = await Promise.all(pods.map((pod) => node.logs(PRODUCT_NAME, pod, 'webhook')));
  return logs.join('');
}

/** A policy as a cluster's owner may have it. */
async function allowImagesOf(registry: string, namespace: string): Promise<void> {
  const group = '/apis/admissionregistration.k8s.io/v1';
  const metadata = { name: 'registries' };
  await api.create(`${group}/validatingadmissionpolicies`, {
    metadata,
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      },
      validations: [
        {
          expression: `object.spec.containers.all(c, c.image.startsWith('${registry}/'))`,
          message: 'only images of this registry',
        },
      ],
    },
  });
  await api.create(`${group}/validatingadmissionpolicybindings`, {
    metadata,
    spec: { policyName: 'registries', validationActions: ['Deny'] },
  });
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What an attacker can do who has the webhook container. It replaces the product by the attacker’s build. */
export async function testWebhookContainer(t: Test): Promise<void> {
  const old = await replicasOf(playground);
  await playground.install(
    {
      injection: {
        matchConditions: [{ name: 'mine', expression: "object.metadata.?labels['mine'].orValue('') != 'yes'" }],
      },
    },
    { build: COMPROMISED },
  );
  for (const name of ['labelled', 'restricted', 'registries']) {
    await api.createNamespace(name);
    await api.create(`/api/v1/namespaces/${name}/serviceaccounts`, {
      metadata: { name: 'of-the-namespace' },
    });
  }
  await api.createNamespace('unlabelled', { injected: false });
  await eventually('the old replicas are gone', async () => {
    const pods = await replicasOf(playground);
    assert.deepEqual(
      pods.filter((pod) => old.includes(pod)),
      [],
    );
  });
  await eventually('the attacker is called', async () => {
    assert.equal((await createPod('labelled')).spec.containers[0]?.image, ATTACKERS_IMAGE);
  });

  t.test('it can make anything of a new pod in a labelled namespace, or refuse it', async (t) => {
    t.match(await createPod('labelled'), TAKEN_OVER);
    await t.rejects(createPod('labelled', { name: 'refused' }), /denied the request/);
  });

  t.test('it gets no review of other namespaces, however they are labelled', async (t) => {
    for (const namespace of ['kube-system', 'kube-public', PRODUCT_NAME]) {
      await api.merge(`/api/v1/namespaces/${namespace}`, {
        metadata: { labels: { 'ecr-pull-secrets.io/inject': 'enabled' } },
      });
    }
    for (const namespace of ['unlabelled', 'kube-system', 'kube-public', PRODUCT_NAME]) {
      const { spec } = await createPod(namespace);
      t.equal(spec.containers[0]?.image, IMAGE, namespace);
    }
  });

  t.test('it gets no review of pods that the selectors and conditions leave out', async (t) => {
    for (const labels of [{ 'ecr-pull-secrets.io/inject': 'disabled' }, { mine: 'yes' }]) {
      const { spec } = await createPod('labelled', { labels });
      t.equal(spec.containers[0]?.image, IMAGE);
    }
  });

  t.test('it gets reviews of nothing but the creation of pods', async (t) => {
    const pods = '/api/v1/namespaces/labelled/pods';
    const { metadata } = await api.createPod('labelled', {
      metadata: { name: 'changed' },
      spec: { containers: [{ name: 'app', image: IMAGE }] },
    });
    await api.merge(`${pods}/${metadata.name}`, { metadata: { labels: { changed: 'yes' } } });
    await api.remove(`${pods}/${metadata.name}`);
    await api.create('/api/v1/namespaces/labelled/secrets', { metadata: { name: 'secret' } });
    const asked = (await attackersLog()).match(/(?<=^asked: ).*/gm) ?? [];
    t.same([...new Set(asked)], ['["CREATE","pods"]']);
  });

  t.test('what validates after it sees what it made: Pod Security, and a policy', async (t) => {
    await api.merge('/api/v1/namespaces/restricted', {
      metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } },
    });
    await t.rejects(createPod('restricted'), /violates PodSecurity "baseline.*privileged/);
    await allowImagesOf(REGISTRY, 'registries');
    await eventually('the policy counts', () =>
      assert.rejects(createPod('registries'), /only images of this registry/),
    );
    t.pass();
  });

  t.test('it finds no identity in its container, but it shares the pod’s network', async (t) => {
    const log = await attackersLog();
    const variables = /^variables: (.*)$/m.exec(log)?.[1]?.split(' ') ?? [];
    t.ok(variables.includes('TLS_DIR'));
    t.same(
      variables.filter((name) => /AWS|TOKEN|KUBECONFIG|CREDENTIAL/.test(name)),
      [],
    );
    t.match(log, /the renewer's metrics: 200/);
    const pods = await api.list<Manifest>(`/api/v1/namespaces/${PRODUCT_NAME}/pods`);
    for (const { spec } of pods) {
      t.match(spec, { automountServiceAccountToken: false });
      t.notMatch(spec, { shareProcessNamespace: true });
      const webhook = listOf(propertyOf(spec, 'containers')).find(
        (container) => propertyOf(container, 'name') === 'webhook',
      );
      // With a ServiceAccount's token, or the TLS folder to write to, it would be more than a webhook.
      t.strictSame(propertyOf(webhook, 'volumeMounts'), [
        { name: 'tls', mountPath: '/run/ecr-pull-secrets/tls', readOnly: true },
      ]);
    }
  });
}
