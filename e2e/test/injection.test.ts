import assert from 'node:assert/strict';
import t from 'tap';
import { requestApi } from '../src/local-cluster/api-request.ts';
import { eventually } from '../src/playground/eventually.ts';
import type { Manifest, Pod } from '../src/playground/kube-api.ts';
import { REGISTRY, startPlayground } from '../src/playground/playground.ts';
import { startImageRewriter } from './support/image-rewriter.ts';
import { pathOf, SECRET } from './support/pull-secret.ts';

const ECR_IMAGE = `${REGISTRY}/team/app:1`;

/** What kubelet marks the copies of its static pods with. */
const MIRROR = 'kubernetes.io/config.mirror';

const playground = await startPlayground();
t.teardown(() => playground.close());
const { api, cluster } = playground;
const injection = { registryHosts: ['cache.example.com'] };
await playground.install({ injection });
await api.createNamespace('labelled');
await api.createNamespace('unlabelled', { injected: false });
// The label is news to the API server's own cache too; once the renewer saw it, so did that.
await eventually('the secret of the labelled namespace', () => api.get(pathOf('labelled')));

function podWith(spec: Manifest, metadata: Manifest = {}): Manifest {
  const containers = [{ name: 'app', image: ECR_IMAGE }];
  return { metadata: { generateName: 'pod-', ...metadata }, spec: { containers, ...spec } };
}

function secretsOf({ spec }: Pod): readonly (string | undefined)[] {
  return (spec.imagePullSecrets ?? []).map(({ name }) => name);
}

/** What the API server has counted of our match conditions; 0 where it never had to. */
async function countOf(metric: string): Promise<number> {
  const { body } = await requestApi({ ...cluster, token: cluster.adminToken }, '/metrics');
  const ours = `^${metric}\\{.*name="inject\\.ecr-pull-secrets\\.io".*\\} (\\d+)$`;
  const samples = [...body.matchAll(new RegExp(ours, 'gm'))];
  return samples.reduce((sum, [, value]) => sum + Number(value), 0);
}

t.test('a pod with an ECR image in a labelled namespace is injected', async (t) => {
  t.same(secretsOf(await api.createPod('labelled', podWith({}))), [SECRET]);
});

t.test('a pod in a namespace without the label is not', async (t) => {
  t.same(secretsOf(await api.createPod('unlabelled', podWith({}))), []);
});

t.test('a pod without an ECR image is not', async (t) => {
  const containers = [{ name: 'app', image: 'nginx' }];
  t.same(secretsOf(await api.createPod('labelled', podWith({ containers }))), []);
});

t.test('a registry host that is configured counts as ECR', async (t) => {
  const containers = [{ name: 'app', image: 'cache.example.com/team/app' }];
  t.same(secretsOf(await api.createPod('labelled', podWith({ containers }))), [SECRET]);
});

t.test('an image of a registry that no token covers is injected, with a warning', async (t) => {
  const host = REGISTRY.replace(/^\d+/, '999999999999');
  const containers = [{ name: 'app', image: `${host}/app` }];
  const path = '/api/v1/namespaces/labelled/pods?dryRun=All';
  const body = { apiVersion: 'v1', kind: 'Pod', ...podWith({ containers }) };
  const access = { ...cluster, token: cluster.adminToken };
  // The webhook hears of the registry from the renewer, which hears of it from the leader.
  const response = await eventually('a warning', async () => {
    const answer = await requestApi(access, path, { method: 'POST', body });
    assert.equal(answer.warnings.length, 1);
    return answer;
  });
  t.match(response.warnings[0], `no token covers registry ${host}`);
  t.same(secretsOf(JSON.parse(response.body)), [SECRET]);
  const covered = { ...body, ...podWith({}) };
  const { warnings } = await requestApi(access, path, { method: 'POST', body: covered });
  t.same(warnings, [], 'and none for one that is covered');
});

t.test('a pod that opted out is left alone', async (t) => {
  const pod = podWith({}, { labels: { 'ecr-pull-secrets.io/inject': 'disabled' } });
  t.same(secretsOf(await api.createPod('labelled', pod)), []);
});

t.test(
  'kube-system and our own namespace are left alone even when they are labelled',
  async (t) => {
    for (const namespace of ['kube-system', 'ecr-pull-secrets']) {
      await api.merge(`/api/v1/namespaces/${namespace}`, {
        metadata: { labels: { 'ecr-pull-secrets.io/inject': 'enabled' } },
      });
      await eventually('the label is seen', () => api.get(pathOf(namespace)));
      t.same(
        secretsOf(await api.createPod(namespace, podWith({ serviceAccountName: 'default' }))),
        [],
      );
    }
  },
);

t.test('the ServiceAccount’s and the pod’s own pull secrets survive and come first', async (t) => {
  await api.create('/api/v1/namespaces/labelled/serviceaccounts', {
    metadata: { name: 'puller' },
    imagePullSecrets: [{ name: 'mine' }, { name: 'ours' }],
  });
  const byAccount = podWith({ serviceAccountName: 'puller' });
  const byPod = podWith({ imagePullSecrets: [{ name: 'own' }] });
  await eventually('the ServiceAccount’s secrets are seen', async () =>
    assert.deepEqual(secretsOf(await api.createPod('labelled', byAccount)), [
      'mine',
      'ours',
      SECRET,
    ]),
  );
  t.same(secretsOf(await api.createPod('labelled', byPod)), ['own', SECRET]);
});

t.test('a pod that names the secret already is not changed', async (t) => {
  const pod = podWith({ imagePullSecrets: [{ name: SECRET }, { name: 'other' }] });
  t.same(secretsOf(await api.createPod('labelled', pod)), [SECRET, 'other']);
});

t.test('the pods of a Deployment and of a Job are injected, their templates are not', async (t) => {
  const { spec } = podWith({});
  const selector = { matchLabels: { app: 'web' } };
  const template = { metadata: { labels: { app: 'web' } }, spec };
  const deployment = await api.create<{ spec: { template: Pod } }>(
    '/apis/apps/v1/namespaces/labelled/deployments',
    { metadata: { name: 'web' }, spec: { selector, template } },
  );
  await api.create('/apis/batch/v1/namespaces/labelled/jobs', {
    metadata: { name: 'once' },
    spec: { template: { spec: podWith({ restartPolicy: 'Never' })['spec'] } },
  });
  t.same(secretsOf(deployment.spec.template), []);
  for (const labelSelector of ['app=web', 'job-name=once']) {
    const pod = await eventually(`a pod with ${labelSelector}`, async () => {
      const [found] = await api.list<Pod>('/api/v1/namespaces/labelled/pods', { labelSelector });
      assert.ok(found);
      return found;
    });
    t.same(secretsOf(pod), [SECRET], labelSelector);
  }
});

t.test('an ECR image in an init container alone is enough', async (t) => {
  const initContainers = [{ name: 'init', image: ECR_IMAGE }];
  const containers = [{ name: 'app', image: 'nginx' }];
  t.same(secretsOf(await api.createPod('labelled', podWith({ initContainers, containers }))), [
    SECRET,
  ]);
});

t.test('an ECR image in an image volume alone is enough', async (t) => {
  const volumes = [{ name: 'model', image: { reference: `${REGISTRY}/models/m:1` } }];
  const containers = [{ name: 'app', image: 'nginx' }];
  t.same(secretsOf(await api.createPod('labelled', podWith({ volumes, containers }))), [SECRET]);
});

t.test('a mirror pod is left alone, whatever else its annotations say', async (t) => {
  const exclusions = 'apiserver_admission_match_condition_exclusions_total';
  const before = await countOf(exclusions);
  // The API server wants a node's name, and neither a ServiceAccount nor a secret.
  const spec = { nodeName: 'elsewhere' };
  const marks = [{ [MIRROR]: 'abc' }, { [MIRROR]: '' }, { [MIRROR]: 'abc', note: 'x' }];
  for (const annotations of marks) {
    const pod = await api.createPod('labelled', podWith(spec, { annotations }));
    t.match(pod.metadata.annotations, annotations);
    t.same(secretsOf(pod), []);
  }
  t.equal((await countOf(exclusions)) - before, marks.length, 'the webhook was not even asked');
  const annotations = { note: 'x' };
  const ordinary = await api.createPod('labelled', podWith(spec, { annotations }));
  t.same(secretsOf(ordinary), [SECRET], 'another annotation is no mark');
});

t.test('a dry run shows the injection and creates nothing', async (t) => {
  const pod = podWith({}, { name: 'never-made' });
  t.same(secretsOf(await api.createPod('labelled', pod, { dryRun: 'All' })), [SECRET]);
  await t.rejects(api.get('/api/v1/namespaces/labelled/pods/never-made'), { message: / 404 / });
});

t.test(
  'a webhook after ours that rewrites the image to ECR still gets the pod injected',
  async (t) => {
    const rewriter = await startImageRewriter(`${REGISTRY}/mirror/`);
    t.teardown(() => rewriter.close());
    await api.createNamespace('rewritten');
    await api.create(
      '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
      rewriter.configurationFor('rewritten'),
    );
    const containers = [{ name: 'app', image: 'nginx' }];
    const pod = await eventually('both webhooks act', async () => {
      const created = await api.createPod('rewritten', podWith({ containers }));
      assert.equal(created.spec.containers[0]?.image, `${REGISTRY}/mirror/nginx`);
      assert.deepEqual(secretsOf(created), [SECRET]);
      return created;
    });
    t.equal(pod.spec.containers[0]?.image, `${REGISTRY}/mirror/nginx`);
    t.same(secretsOf(pod), [SECRET]);
  },
);

t.test(
  'with the webhook down pods are created as they are, and it comes back by itself',
  async (t) => {
    const scale = '/apis/apps/v1/namespaces/ecr-pull-secrets/deployments/ecr-pull-secrets/scale';
    await api.merge(scale, { spec: { replicas: 0 } });
    await eventually('no replica is left', async () => {
      const labelSelector = 'app.kubernetes.io/name=ecr-pull-secrets';
      const pods = await api.list('/api/v1/namespaces/ecr-pull-secrets/pods', { labelSelector });
      if (pods.length > 0) throw new Error(`${pods.length} are`);
    });
    t.same(secretsOf(await api.createPod('labelled', podWith({}))), []);
    await api.merge(scale, { spec: { replicas: 2 } });
    await eventually('pods are injected again', async () => {
      const [first] = secretsOf(await api.createPod('labelled', podWith({})));
      if (first !== SECRET) throw new Error('this one was not');
    });
  },
);

t.test('after an upgrade to injectAll a pod without an ECR image is injected too', async (t) => {
  const pod = podWith({ containers: [{ name: 'app', image: 'nginx' }] });
  t.same(secretsOf(await api.createPod('labelled', pod)), []);
  await playground.install({ injection: { ...injection, injectAll: true } });
  const secrets = await eventually('the old replicas are gone', async () => {
    const found = secretsOf(await api.createPod('labelled', pod));
    assert.equal(found.length, 1);
    return found;
  });
  t.same(secrets, [SECRET]);
});

t.test('the match conditions failed on none of all these pods', async (t) => {
  t.equal(await countOf('apiserver_admission_match_condition_evaluation_errors_total'), 0);
});
