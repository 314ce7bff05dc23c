import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { INJECT_LABEL, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Event, Manifest, Pod } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { secretsOf } from '../support/injection-world.ts';
import { failToPull } from '../support/kubelet.ts';
import { missingIn, selectorsIn } from '../support/promql.ts';
import { pathOf, SECRET } from '../support/pull-secret.ts';
import { METRICS_OF_PODS, metricsOf, nextLeader } from '../support/renewers.ts';
import { playground } from './release.ts';

const LATE = 'late';

const AWAY = 'away';

const IMAGE = `${REGISTRY}/shop:1`;

/** The promise about pending pods. */
const WITHIN_MS = 60_000;

/** A leader evicts nothing in its first 30 seconds, and lists each 40. */
const EVICTED_WITHIN_MS = 150_000;

const { api } = playground;

function podsPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/pods`;
}

function podsOf(namespace: string): Promise<readonly Pod[]> {
  return api.list<Pod>(podsPath(namespace));
}

/** The only pod whose name begins so. */
async function podCalled(namespace: string, prefix: string): Promise<Pod> {
  const found = (await podsOf(namespace)).filter(({ metadata }) => metadata.name.startsWith(prefix));
  const [pod] = found;
  assert(pod && found.length === 1, `${found.length} pods ${prefix}`);
  return pod;
}

function scale(replicas: number): Promise<unknown> {
  return api.merge(`/apis/apps/v1/namespaces/${PRODUCT_NAME}/deployments/${PRODUCT_NAME}/scale`, {
    spec: { replicas },
  });
}

interface PodEvent extends Event {
  readonly involvedObject: { readonly kind: string; readonly name: string; readonly uid?: string };
}

/** The Events about pods, by the name of the pod. */
async function eventsIn(namespace: string): Promise<ReadonlyMap<string, readonly PodEvent[]>> {
  const path = `/api/v1/namespaces/${namespace}/events`;
  const events = await api.list<PodEvent>(path, { fieldSelector: `reportingComponent=${PRODUCT_NAME}` });
  return Map.groupBy(
    events.filter(({ involvedObject }) => involvedObject.kind === 'Pod'),
    ({ involvedObject }) => involvedObject.name,
  );
}

const containers = [{ name: 'app', image: IMAGE }];

const template = { metadata: { labels: { app: 'shop' } }, spec: { containers } };

const pods: Readonly<Record<string, Manifest>> = {
  bare: { metadata: { name: 'bare' }, spec: { containers } },
  'opted-out': { metadata: { name: 'opted-out', labels: { [INJECT_LABEL]: 'disabled' } }, spec: { containers } },
  'other-image': {
    metadata: { name: 'other-image' },
    spec: { containers: [{ name: 'app', image: 'docker.io/library/nginx' }] },
  },
};

/** Pods that miss the secret, and their eviction. */
export async function testMissedPods(t: Test): Promise<void> {
  await playground.install({ missedPods: { evict: true } });

  t.test('pods that are older than the label, and pods of an outage of the webhook', async (t) => {
    await api.createNamespace(LATE, { injected: false });
    await api.createNamespace(AWAY);
    for (const pod of Object.values(pods)) await api.createPod(LATE, pod);
    await api.create(`/apis/apps/v1/namespaces/${LATE}/deployments`, {
      metadata: { name: 'shop' },
      spec: { selector: { matchLabels: template.metadata.labels }, template },
    });
    await api.create(`/apis/batch/v1/namespaces/${LATE}/jobs`, {
      metadata: { name: 'report' },
      spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } },
    });
    for (const prefix of ['bare', 'shop-', 'report-']) {
      await failToPull(api, await eventually(prefix, () => podCalled(LATE, prefix)), IMAGE);
    }
    // Kubernetes stores times in whole seconds.
    await eventually('a later second', async () => {
      const { metadata } = await podCalled(LATE, 'shop-');
      assert.ok(Date.now() - Date.parse(metadata.creationTimestamp ?? '') > 2_000);
    });
    await api.merge(`/api/v1/namespaces/${LATE}`, { metadata: { labels: { [INJECT_LABEL]: 'enabled' } } });
    await eventually('the secrets', () => Promise.all([api.get(pathOf(LATE)), api.get(pathOf(AWAY))]));

    await scale(0);
    const missed = await eventually('a pod that was created without the webhook', async () => {
      const pod = await api.createPod(AWAY, { metadata: { generateName: 'running-' }, spec: { containers } });
      assert.deepEqual(secretsOf(pod), []);
      return pod;
    });
    await api.merge(`${podsPath(AWAY)}/${missed.metadata.name}/status`, { status: { phase: 'Running' } });
    await scale(2);
    const leader = await nextLeader(playground);
    const report = (await podCalled(LATE, 'report-')).metadata.name;
    const shop = (await podCalled(LATE, 'shop-')).metadata;

    await eventually('the Events', async () => assert.equal((await eventsIn(LATE)).size, 3), WITHIN_MS);
    const events = await eventsIn(LATE);
    t.same(
      new Set(events.keys()),
      new Set(['bare', shop.name, report]),
      'neither the opted-out pod nor the other image',
    );
    const older = { reason: 'PodOlderThanLabel', involvedObject: { uid: shop.uid } };
    t.match(events.get(shop.name), [
      {
        ...older,
        message:
          /before its namespace opted in.* Replace it: kubectl rollout restart deployment\/shop --namespace late$/,
      },
    ]);
    t.match(events.get('bare'), [
      { reason: 'PodOlderThanLabel', message: /Replace it: kubectl get pod bare .* kubectl replace/ },
    ]);
    t.match(events.get(report), [
      { reason: 'PodOlderThanLabel', message: `Replace it: kubectl delete pod ${report} --namespace late` },
    ]);
    await eventually(
      'the Event of a running pod',
      async () => {
        const found = (await eventsIn(AWAY)).get(missed.metadata.name);
        t.match(found, [{ reason: 'PodNotInjected', message: 'the webhook was probably not reachable' }]);
        assert.equal(found?.length, 1);
      },
      WITHIN_MS,
    );
    const metrics = await metricsOf(playground, leader.pod);
    t.match(metrics, 'ecr_pull_secrets_missed_pods{phase="Pending",reason="PodOlderThanLabel"} 3');
    const rules = await readFile(new URL('../../../chart/monitoring/alerts.yaml', import.meta.url), 'utf8');
    const selectors = selectorsIn(rules).filter(({ metric }) => METRICS_OF_PODS.includes(metric));
    t.same(
      selectors.flatMap((selector) => missingIn(metrics, selector)),
      [],
      'the alerts select what there is',
    );
    t.equal(selectors.length, 3);
    t.match(metrics, /ecr_pull_secrets_missed_pods\{phase="Running",reason="PodNotInjected"\} [1-9]/);

    await t.test(
      'the pod of the Deployment is evicted and replaced; a bare pod and that of a Job are not',
      async (t) => {
        const kept = await Promise.all(['bare', report].map((name) => podCalled(LATE, name)));
        const successor = await eventually(
          'the successor',
          async () => {
            const pod = await podCalled(LATE, 'shop-');
            assert.notEqual(pod.metadata.uid, shop.uid);
            return pod;
          },
          EVICTED_WITHIN_MS,
        );
        t.same(secretsOf(successor), [SECRET]);
        await eventually('the Event about the eviction', async () => {
          // Their names, by which the API server sorts them, end in a digest.
          const reasons = (await eventsIn(LATE)).get(shop.name)?.map(({ reason }) => reason);
          assert.deepEqual(reasons?.toSorted(), ['MissedPodEvicted', 'PodOlderThanLabel']);
        });
        await eventually(
          'two missed pods',
          async () => {
            const text = await metricsOf(playground, (await nextLeader(playground)).pod);
            assert.match(text, /ecr_pull_secrets_missed_pods\{phase="Pending",reason="PodOlderThanLabel"\} 2/);
            assert.match(text, /ecr_pull_secrets_missed_pod_evictions_total\{result="success"\} 1\n/);
          },
          WITHIN_MS,
        );
        const now = await Promise.all(['bare', report].map((name) => podCalled(LATE, name)));
        t.same(
          now.map(({ metadata }) => metadata.uid),
          kept.map(({ metadata }) => metadata.uid),
        );
        t.equal((await eventsIn(LATE)).get('bare')?.length, 1, 'the next list reports no pod again');
      },
    );
  });
}
