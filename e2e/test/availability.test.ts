import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import t, { type Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Manifest, Pod } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { askForRotation, readSigner, readTrusted } from './support/ca.ts';
import { countFailOpen } from '@ecr-pull-secrets/testbed/testing/api-server-metrics.ts';
import { handshakesNow, watchHandshakes } from './support/handshakes.ts';
import { createInjected } from './support/injected.ts';
import { LOADED_NAMESPACE, underLoad, unnoticed } from './support/pod-load.ts';
import type { LoadReport } from './support/pod-load-process.ts';
import { pathOf } from './support/pull-secret.ts';
import { countReviewsByPod, ENOUGH_REVIEWS, findCalledPod } from './support/webhook-pods.ts';

const HOME = `/api/v1/namespaces/${PRODUCT_NAME}`;
const DEPLOYMENT = `/apis/apps/v1/namespaces/${PRODUCT_NAME}/deployments/${PRODUCT_NAME}`;

/** Short enough to be renewed during each of the tests, by itself. */
const TLS = { selfManaged: { caLifetime: '1h', servingLifetime: '15s', trustPropagation: '2s' } };

/**
 * Delays with which an address leaves the Service, as with kube-proxy on a busy node. `npm run test:availability`
 * adds 0 and 1 s; without a delay, `upgrade-and-rollback` and `tls-modes` replace pods under load too.
 */
const DELAYS_SECONDS = (process.env['REMOVAL_DELAYS_SECONDS'] ?? '3').split(',').map(Number);

/** From the death of a process to the word of it in the Service: kubelet, API server, controller. */
const NOTICE_MS = 1_500;

/** Twice as many as in other tests, because a kill is seen by a few pods. `npm run test:availability` creates 20 a second. */
const PODS_PER_SECOND = Number(process.env['PODS_PER_SECOND'] ?? 10);

/** A drain must outlast the delay and the time until the API server observes it. */
function valuesFor(delaySeconds: number): Manifest {
  return { webhook: { drainSeconds: delaySeconds + 3 }, tls: TLS };
}

const playground = await startPlayground({ restartBackOff: { baseMs: 500, capMs: 4_000 } });
t.teardown(() => playground.close());
const { api, node } = playground;
await playground.install(valuesFor(DELAYS_SECONDS[0] ?? 0));
await api.createNamespace(LOADED_NAMESPACE);
await eventually('the secret', () => api.get(pathOf(LOADED_NAMESPACE)));
await eventually('injection works', () => createInjected(api));

function unnoticedUnderLoad(t: Test, action: () => Promise<void>): Promise<LoadReport> {
  return unnoticed(t, playground, action, PODS_PER_SECOND);
}

function replicas(): Promise<readonly Pod[]> {
  return api.list<Pod>(`${HOME}/pods`, { labelSelector: `app.kubernetes.io/name=${PRODUCT_NAME}` });
}

/** Until the Deployment's pods are its newest ones, that many, and nothing of the old ones is left. */
async function settled(count: number): Promise<void> {
  const isSettled = async (): Promise<void> => {
    const deployment = await api.get<DeploymentState>(DEPLOYMENT);
    const { metadata, status } = deployment;
    assert.equal(status.observedGeneration, metadata.generation);
    assert.equal(status.updatedReplicas, count);
    assert.equal(status.availableReplicas, count);
    assert.equal((await replicas()).length, count);
  };
  await eventually(`${count} replicas`, isSettled, 90_000);
}

interface DeploymentState {
  readonly metadata: { readonly generation: number };
  readonly status: {
    readonly observedGeneration?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

async function scale(replicaCount: number): Promise<void> {
  await api.merge(`${DEPLOYMENT}/scale`, { spec: { replicas: replicaCount } });
  await settled(replicaCount);
}

/** As `kubectl rollout restart` does. */
async function rolloutRestart(): Promise<void> {
  const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() };
  await api.merge(DEPLOYMENT, { spec: { template: { metadata: { annotations } } } });
  await settled(2);
}

async function rotateCa(): Promise<void> {
  const before = await readSigner(api);
  await askForRotation(api);
  await eventually('both are trusted', async () => {
    assert.ok((await readTrusted(api)).length >= 2);
  });
  await eventually('the next one signs', async () => assert.notEqual(await readSigner(api), before), 60_000);
  const served = new Set((await handshakesNow(playground)).map((one) => one.serialNumber));
  await eventually('both replicas serve other certificates', async () => {
    for (const { serialNumber } of await handshakesNow(playground)) {
      assert.ok(!served.has(serialNumber));
    }
  });
}

for (const [index, delaySeconds] of DELAYS_SECONDS.entries()) {
  t.test(`addresses leave the Service after ${delaySeconds} s`, async (t) => {
    node.setAddressRemovalDelay(delaySeconds * 1000);

    await t.test('kubectl rollout restart', (t) => unnoticedUnderLoad(t, rolloutRestart));

    await t.test('a serving certificate is renewed and the CA rotated', (t) =>
      unnoticedUnderLoad(t, async () => {
        const { untrusted, serialNumbers } = await watchHandshakes(playground, rotateCa);
        t.same(untrusted, [], 'each new connection met a certificate that is trusted');
        // That both replicas changed is seen by the rotation itself; the watch ends with it.
        t.ok(serialNumbers.size > 2, `${serialNumbers.size} certificates of two replicas`);
      }),
    );

    await t.test('scale 3, 1, 3', async (t) => {
      await unnoticedUnderLoad(t, async () => {
        await scale(3);
        await scale(1);
        await scale(3);
      });
      // As the chart has it, or Helm would meet another manager's number.
      await scale(2);
    });

    await t.test('helm upgrade', (t) =>
      unnoticedUnderLoad(t, async () => {
        const before = new Set((await replicas()).map(({ metadata }) => metadata.name));
        // The new pods drain long enough for the next delay.
        await playground.install(valuesFor(DELAYS_SECONDS[index + 1] ?? delaySeconds + 1));
        await settled(2);
        const left = (await replicas()).filter((pod) => before.has(pod.metadata.name));
        assert.equal(left.length, 0, 'the upgrade replaced the pods');
      }),
    );
  });
}

t.test('CAs that signed before are forgotten in the end', (t) =>
  unnoticedUnderLoad(t, async () => {
    await eventually('one is trusted', async () => assert.equal((await readTrusted(api)).length, 1), 60_000);
    await delay(2_000);
  }),
);

// One kill proves little: it may come between two calls, and the next connection lead to the other replica.
for (const round of [1, 2]) {
  t.test(`kill -9 of the replica that is called costs calls until it is left, ${round}`, async (t) => {
    const delaySeconds = 1;
    node.setAddressRemovalDelay(delaySeconds * 1000);
    const failOpenBefore = await countFailOpen(playground.cluster);
    const reviewsBefore = await countReviewsByPod(playground);
    let killedMs = 0;
    let spared = '';
    const report = await underLoad(
      playground,
      async () => {
        const { called, other } = await findCalledPod(playground);
        spared = other.name;
        const readyBefore = readyTransition(await readReplica(spared));
        killedMs = Date.now();
        await killReplica(called.name);
        t.equal(readyTransition(await readReplica(spared)), readyBefore, 'one was ready always');
      },
      PODS_PER_SECOND,
    );
    const reviews = (await countReviewsByPod(playground)).get(spared) ?? 0;
    const taken = reviews - (reviewsBefore.get(spared) ?? 0);
    t.ok(taken > 0, `it took over ${taken} of ${report.asked} pods`);
    t.ok(report.asked - taken >= ENOUGH_REVIEWS, 'the calls before went to the killed one');
    const lateMs = report.missedAtMs.map((ms) => ms - killedMs);
    const lastMs = Math.max(0, ...lateMs);
    t.same(report.refusals, [], 'no pod was refused');
    t.equal((await countFailOpen(playground.cluster)) - failOpenBefore, lateMs.length);
    t.ok(lastMs <= delaySeconds * 1000 + NOTICE_MS, `the last miss: ${lastMs} ms`);
    t.ok(Math.min(0, ...lateMs) >= -report.slowestMs, 'none but those in flight before');
    t.comment(
      `${lateMs.length} of ${report.asked} pods at ${report.perSecond.toFixed(0)}/s passed without the secret, the last ${lastMs} ms after the kill`,
    );
  });
}

/** Kills all of a replica's processes, and waits until they run anew and the Deployment says so. */
async function killReplica(name: string): Promise<void> {
  const restartsBefore = countRestarts(await readReplica(name));
  const processes = node.processes(PRODUCT_NAME, name);
  for (const pid of processes.values()) process.kill(pid, 'SIGKILL');
  await eventually(`the containers of ${name} run anew`, async () => {
    const restarts = countRestarts(await readReplica(name)) - restartsBefore;
    assert.equal(restarts, processes.size);
  });
  await settled(2);
}

function readReplica(name: string): Promise<Pod> {
  return api.get(`${HOME}/pods/${name}`);
}

/** Of all containers. */
function countRestarts({ status }: Pod): number {
  const containers = status?.containerStatuses ?? [];
  return containers.reduce((sum, { restartCount }) => sum + restartCount, 0);
}

/** When a pod became ready, or ceased to be. */
function readyTransition({ status }: Pod): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return `${ready?.status} since ${ready?.lastTransitionTime}`;
}
