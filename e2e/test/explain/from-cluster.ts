import assert from 'node:assert/strict';
import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import type { Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Pod, Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import type { ExplainWorld } from '../support/explain.ts';
import { pathOf } from '../support/pull-secret.ts';

const NAMESPACE = 'strict';
const FROM_CLUSTER = ['--from-cluster'];

/** What `explain --from-cluster` does in a namespace that enforces the strictest Pod Security Standard. */
export function testFromCluster(t: Test, { playground, explain, inClusterAs }: ExplainWorld): void {
  const { api } = playground;
  const path = `/api/v1/namespaces/${NAMESPACE}`;

  async function createPod(name: string, image: string): Promise<void> {
    const securityContext = {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    };
    await api.createPod(NAMESPACE, { metadata: { name }, spec: { containers: [{ name, image, securityContext }] } });
  }

  async function testPods(): Promise<readonly string[]> {
    const pods = await api.list<Pod>(`${path}/pods`);
    return pods.map(({ metadata }) => metadata.name).filter((name) => name.startsWith('ecr-pull-secrets-pull-test-'));
  }

  t.test('a pod in the namespace tries the pull, and is deleted', async (t) => {
    const labels = { [INJECT_LABEL]: 'enabled', 'pod-security.kubernetes.io/enforce': 'restricted' };
    await api.create('/api/v1/namespaces', { metadata: { name: NAMESPACE, labels } });
    await eventually('the secret', () => api.get<Secret>(pathOf(NAMESPACE)));
    await createPod('app', `${REGISTRY}/app:1`);
    const { exitCode, stdout, stderr } = await explain([`${NAMESPACE}/app`, ...FROM_CLUSTER]);
    t.match(
      stdout,
      /ok +pull .*\/app:1: the secret pulls it \(1234.*, then prod-.*\), from a pod on the node local-node$/m,
    );
    t.equal(exitCode, 0, `${stdout}${stderr}`);
    for (const secret of playground.ecr.secrets()) t.notOk(stdout.includes(secret), 'no secret is printed');
    await eventually('no test pod', async () => assert.deepEqual(await testPods(), []));
  });

  t.test('a refusal is found from there too', async (t) => {
    await createPod('closed', `${REGISTRY}/team/closed:1`);
    const { exitCode, stdout } = await explain([`${NAMESPACE}/closed`, ...FROM_CLUSTER]);
    t.match(stdout, /problem +pull .* 403 .*lacks ecr:BatchGetImage on this repository$/m);
    t.equal(exitCode, 1);
  });

  t.test('a person who cannot read the secret can try it, but not without the right to delete the pod', async (t) => {
    const account = { kind: 'ServiceAccount', name: 'default', namespace: NAMESPACE };
    const group = 'rbac.authorization.k8s.io';
    const role = `/apis/${group}/v1/namespaces/${NAMESPACE}/roles`;
    await api.create(role, { metadata: { name: 'tester' }, rules: rules(['create', 'get']) });
    await api.create(`/apis/${group}/v1/namespaces/${NAMESPACE}/rolebindings`, {
      metadata: { name: 'tester' },
      roleRef: { apiGroup: group, kind: 'Role', name: 'tester' },
      subjects: [account],
    });
    const { status } = await api.create<{ status: { token: string } }>(`${path}/serviceaccounts/default/token`, {
      spec: {},
    });
    const variables = await inClusterAs(status.token);
    const args = [`${NAMESPACE}/app`, '--test-image=local/ecr-pull-secrets:built'];
    const refused = await explain(args, variables);
    t.match(refused.stdout, /unknown +pull .* not created: you lack the right to delete pods in namespace strict$/m);
    await api.merge(`${role}/tester`, { rules: rules(['create', 'get', 'delete']) });
    const allowed = await explain(args, variables);
    t.match(allowed.stdout, /unknown +secret .* you lack the right to get secrets/);
    // The proxy and the CA of the release are not readable either.
    t.match(allowed.stdout, /unknown +pull .* no connection from a pod on the node local-node to 1234/);
  });

  t.test('a namespace that does not accept the pod is said', async (t) => {
    const pods = await api.list<Pod>(`${path}/pods`);
    const quota = { metadata: { name: 'full' }, spec: { hard: { pods: String(pods.length) } } };
    await api.create(`${path}/resourcequotas`, quota);
    await eventually('a pod that is refused', async () => {
      const { exitCode, stdout } = await explain([`${NAMESPACE}/app`, ...FROM_CLUSTER]);
      assert.match(stdout, /unknown +pull +the namespace does not accept the test pod: .*exceeded quota: full/);
      assert.equal(exitCode, 2);
    });
    await playground.client.request({ method: 'DELETE', path: `${path}/resourcequotas/full` });
    t.same(await testPods(), []);
  });

  t.test('an interrupted test deletes its pod', async (t) => {
    let pid = 0;
    const args = [`${NAMESPACE}/app`, '--test-image=example.com/slow:1'];
    const running = explain(args, {}, (id) => {
      pid = id;
    });
    await eventually('the test pod', async () => assert.equal((await testPods()).length, 1));
    process.kill(pid, 'SIGINT');
    const { exitCode, stdout } = await running;
    t.equal(exitCode, 130);
    t.equal(stdout, '');
    await eventually('no test pod', async () => assert.deepEqual(await testPods(), []));
  });
}

/** The rights of a person on the pods of a namespace. */
function rules(verbs: readonly string[]) {
  return [
    { apiGroups: [''], resources: ['pods'], verbs },
    { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  ];
}
