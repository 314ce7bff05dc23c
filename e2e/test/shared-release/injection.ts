import assert from 'node:assert/strict';
import type { Test } from 'tap';
import { requestApi } from '@ecr-pull-secrets/testbed/local-cluster/api-request.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { MIRROR, podWith } from '../support/injection-cases/case.ts';
import { secretsOf } from '../support/injection-world.ts';
import { pathOf, SECRET } from '../support/pull-secret.ts';
import { playground, VALUES } from './release.ts';

// Which pods are injected is the matter of injection-modes/injection-cases.ts; this is about the webhook itself.

const NAMESPACE = 'injected';

const { api, cluster } = playground;

/** What the API server has counted of our match conditions; 0 if it never had to. */
async function countOf(metric: string): Promise<number> {
  const { body } = await requestApi({ ...cluster, token: cluster.adminToken }, '/metrics');
  const ours = `^${metric}\\{.*name="inject\\.ecr-pull-secrets\\.io".*\\} (\\d+)$`;
  const samples = [...body.matchAll(new RegExp(ours, 'gm'))];
  return samples.reduce((sum, [, value]) => sum + Number(value), 0);
}

/** The webhook itself. The last test but one upgrades the release. */
export async function testInjection(t: Test): Promise<void> {
  await api.createNamespace(NAMESPACE);
  // The label is news to the API server's own cache too; once the renewer saw it, so did that.
  await eventually('the secret of the labelled namespace', () => api.get(pathOf(NAMESPACE)));

  t.test('a pod with an ECR image in a labelled namespace is injected', async (t) => {
    t.same(secretsOf(await api.createPod(NAMESPACE, podWith({}))), [SECRET]);
  });

  t.test('an image of a registry that no token covers is injected, with a warning', async (t) => {
    const host = REGISTRY.replace(/^\d+/, '999999999999');
    const containers = [{ name: 'app', image: `${host}/app` }];
    const path = `/api/v1/namespaces/${NAMESPACE}/pods?dryRun=All`;
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

  t.test('a mirror pod is left alone, whatever else its annotations say', async (t) => {
    const exclusions = 'apiserver_admission_match_condition_exclusions_total';
    const before = await countOf(exclusions);
    // The API server wants a node's name, and neither a ServiceAccount nor a secret.
    const spec = { nodeName: 'elsewhere' };
    const marks = [{ [MIRROR]: 'abc' }, { [MIRROR]: '' }, { [MIRROR]: 'abc', note: 'x' }];
    for (const annotations of marks) {
      const pod = await api.createPod(NAMESPACE, podWith(spec, { annotations }));
      t.match(pod.metadata.annotations, annotations);
      t.same(secretsOf(pod), []);
    }
    t.equal((await countOf(exclusions)) - before, marks.length, 'the webhook was not called');
    const annotations = { note: 'x' };
    const ordinary = await api.createPod(NAMESPACE, podWith(spec, { annotations }));
    t.same(secretsOf(ordinary), [SECRET], 'another annotation is no mark');
  });

  t.test('with the webhook down pods are created as they are, and it comes back by itself', async (t) => {
    const scale = '/apis/apps/v1/namespaces/ecr-pull-secrets/deployments/ecr-pull-secrets/scale';
    await api.merge(scale, { spec: { replicas: 0 } });
    await eventually('no replica is left', async () => {
      const labelSelector = 'app.kubernetes.io/name=ecr-pull-secrets';
      const pods = await api.list('/api/v1/namespaces/ecr-pull-secrets/pods', { labelSelector });
      if (pods.length > 0) throw new Error(`${pods.length} are`);
    });
    t.same(secretsOf(await api.createPod(NAMESPACE, podWith({}))), []);
    await api.merge(scale, { spec: { replicas: 2 } });
    await eventually('pods are injected again', async () => {
      const [first] = secretsOf(await api.createPod(NAMESPACE, podWith({})));
      if (first !== SECRET) throw new Error('this one was not');
    });
  });

  t.test('after an upgrade to injectAll a pod without an ECR image is injected too', async (t) => {
    const pod = podWith({ containers: [{ name: 'app', image: 'nginx' }] });
    t.same(secretsOf(await api.createPod(NAMESPACE, pod)), []);
    await playground.install({ ...VALUES, injection: { injectAll: true } });
    const secrets = await eventually('the old replicas are gone', async () => {
      const found = secretsOf(await api.createPod(NAMESPACE, pod));
      assert.equal(found.length, 1);
      return found;
    });
    t.same(secrets, [SECRET]);
  });

  t.test('the match conditions failed on none of all these pods', async (t) => {
    t.equal(await countOf('apiserver_admission_match_condition_evaluation_errors_total'), 0);
  });
}
