import assert from 'node:assert/strict';
import { INJECT_LABEL, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import t, { type Test } from 'tap';
import { requestApi } from '@ecr-pull-secrets/testbed/local-cluster/api-request.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import { REGISTRY, startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { sumOfMetric } from '@ecr-pull-secrets/testbed/testing/api-server-metrics.ts';
import { type AuditEvent, requestsOfRenewers } from './support/audit-log.ts';
import { peakResidentBytes } from './support/process-memory.ts';
import { metricsOf, nextLeader, replicasOf } from './support/renewers.ts';

/** The sizes of docs/missed-pods.md with `MISSED_PODS=full`, which takes a quarter of an hour; by default small ones. */
const SIZES =
  process.env['MISSED_PODS'] === 'full'
    ? [
        { namespaces: 100, pods: 2_000 },
        { namespaces: 1_000, pods: 20_000 },
      ]
    : [
        { namespaces: 3, pods: 60 },
        { namespaces: 30, pods: 600 },
      ];

/** One pod of twenty is pending. */
const PENDING_SHARE = 20;

/** The chart's limit of the renewer (`renewer.resources.limits`). */
const MEMORY_LIMIT_BYTES = 512 * 1024 ** 2;

/** What ten times the pods may cost more: garbage of a few pages of 4 MiB that is not collected yet. */
const GROWTH_BYTES = 64 * 1024 ** 2;

const PATIENCE_MS = 600_000;
const WORKERS = 24;

const playground = await startPlayground({ audit: true });
t.teardown(() => playground.close());
const { api, cluster } = playground;
await playground.install({ replicaCount: 1, podDisruptionBudget: { enabled: false } });

/** As large as an ordinary one: about 10 KiB with its status and its managed fields. */
function podOf(name: string) {
  const env = Array.from({ length: 20 }, (_, index) => ({ name: `VARIABLE_${index}`, value: 'v'.repeat(40) }));
  const resources = { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } };
  const probe = { httpGet: { path: '/healthz', port: 8080 } };
  const container = { image: `${REGISTRY}/shop:1`, env, resources, livenessProbe: probe, readinessProbe: probe };
  return {
    metadata: { name, labels: { app: 'shop', 'pod-template-hash': 'abc' } },
    spec: {
      // Not the local node, whose scheduler would list all of them again and again.
      nodeName: 'another-node',
      containers: [
        { name: 'app', ...container },
        { name: 'proxy', ...container },
      ],
    },
  };
}

/** Runs the work for each number, some at once. */
async function forEach(from: number, to: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = from;
  const worker = async (): Promise<void> => {
    while (next < to) await work(next++);
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
}

/** Pods that are older than the label of their namespace: all of them are missed. */
async function grow(from: (typeof SIZES)[number] | undefined, to: (typeof SIZES)[number]): Promise<void> {
  const first = from?.namespaces ?? 0;
  await forEach(first, to.namespaces, (index) => api.createNamespace(`team-${index}`, { injected: false }));
  await forEach(from?.pods ?? 0, to.pods, async (index) => {
    const namespace = `team-${first + (index % (to.namespaces - first))}`;
    await api.createPod(namespace, podOf(`pod-${index}`));
    if (index % PENDING_SHARE === 0) return;
    await api.merge(`/api/v1/namespaces/${namespace}/pods/pod-${index}/status`, { status: { phase: 'Running' } });
  });
  const labels = { [INJECT_LABEL]: 'enabled' };
  await forEach(first, to.namespaces, (index) =>
    api.merge(`/api/v1/namespaces/team-${index}`, { metadata: { labels } }),
  );
  const leader = await nextLeader(playground, '', PATIENCE_MS);
  // Their secrets are not what is measured.
  await eventually(
    'each namespace has its secret',
    async () => {
      const written = `ecr_pull_secrets_pull_secrets{state="current"} ${to.namespaces}`;
      assert((await metricsOf(playground, leader.pod)).split('\n').includes(written));
    },
    PATIENCE_MS,
  );
}

async function scale(replicas: number): Promise<void> {
  await api.merge(`/apis/apps/v1/namespaces/${PRODUCT_NAME}/deployments/${PRODUCT_NAME}`, { spec: { replicas } });
  await eventually(`${replicas} replicas`, async () => assert.equal((await replicasOf(playground)).length, replicas));
}

function isListOfPods({ verb, objectRef }: AuditEvent): boolean {
  return verb === 'list' && objectRef?.resource === 'pods';
}

async function listsSoFar(): Promise<readonly AuditEvent[]> {
  return (await requestsOfRenewers(cluster.auditLogPath)).filter(isListOfPods);
}

function counted(metrics: string, phase: string): number {
  const lines = metrics.split('\n').filter((line) => line.startsWith(`ecr_pull_secrets_missed_pods{phase="${phase}"`));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

interface Cost {
  readonly calls: number;
  readonly bytes: number;
  /** CPU time, because others may use the machine at the same time. */
  readonly apiServerSeconds: number;
  readonly renewerSeconds: number;
  readonly peakBytes: number;
}

const LISTED_BYTES = 'apiserver_response_sizes_sum';

/** Of all lists of pods, in all namespaces or in one. */
async function bytesSoFar(): Promise<number> {
  const sums = ['cluster', 'namespace'].map((scope) =>
    sumOfMetric(cluster, LISTED_BYTES, `resource="pods",scope="${scope}",subresource="",verb="LIST"`),
  );
  return (await Promise.all(sums)).reduce((sum, one) => sum + one, 0);
}

async function apiServerSeconds(): Promise<number> {
  const { body } = await requestApi({ ...cluster, token: cluster.adminToken }, '/metrics');
  return Number(/^process_cpu_seconds_total (\S+)$/m.exec(body)?.[1]);
}

/** What the first lists of a new leader cost: one of pending pods and one of running ones. */
async function measure(t: Test, pods: number): Promise<Cost> {
  await scale(0);
  const callsBefore = (await listsSoFar()).length;
  const bytesBefore = await bytesSoFar();
  const secondsBefore = await apiServerSeconds();
  await scale(1);
  const leader = await nextLeader(playground, '', PATIENCE_MS);
  const pending = Math.ceil(pods / PENDING_SHARE);
  await eventually(
    'all missed pods are counted',
    async () => {
      const metrics = await metricsOf(playground, leader.pod);
      assert.match(metrics, /missed_pods\{phase="Running"/);
      assert.deepEqual([counted(metrics, 'Pending'), counted(metrics, 'Running')], [pending, pods - pending]);
    },
    PATIENCE_MS,
  );
  const calls = (await listsSoFar()).length - callsBefore;
  const cost = {
    calls,
    bytes: (await bytesSoFar()) - bytesBefore,
    apiServerSeconds: (await apiServerSeconds()) - secondsBefore,
    renewerSeconds: Number(/^process_cpu_seconds_total (\S+)/m.exec(await metricsOf(playground, leader.pod))?.[1]),
    peakBytes: await peakResidentBytes(leader.pid),
  };
  const figures = [
    `${pods} pods`,
    `${calls} calls`,
    `${inMebibytes(cost.bytes)} MiB`,
    `${cost.apiServerSeconds.toFixed(1)} s of the API server`,
    `${cost.renewerSeconds.toFixed(1)} s of the renewer`,
    `peak ${inMebibytes(cost.peakBytes)} MiB`,
  ];
  t.comment(`| ${figures.join(' | ')} |`);
  return cost;
}

function inMebibytes(bytes: number): string {
  return (bytes / 1024 ** 2).toFixed(0);
}

t.test('the cost of looking for missed pods is bounded, and memory is flat', async (t) => {
  const costs: Cost[] = [await measure(t, 0)];
  for (const [index, size] of SIZES.entries()) {
    await grow(SIZES[index - 1], size);
    costs.push(await measure(t, size.pods));
  }
  const [, small, large] = costs;
  assert(small && large);
  t.ok(large.peakBytes < MEMORY_LIMIT_BYTES * 0.75);
  t.ok(large.peakBytes - small.peakBytes < GROWTH_BYTES, `${large.peakBytes - small.peakBytes} bytes more`);
  const { pods = 0, namespaces = 0 } = SIZES.at(-1) ?? {};
  t.ok(large.calls <= Math.ceil(pods / 200) + namespaces + 10, `${large.calls} calls`);
});
