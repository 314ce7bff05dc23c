import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { findProcesses } from '../../src/local-cluster/remains.ts';
import { kubernetesMinor } from '../../testing/admission-policies.ts';
import { containerOf, createRoom, IMAGE, isReady, parallel, until, type World } from './world.ts';

/** Older API servers drop the field from a pod's status (KEP-5067: beta in this minor version). */
const OBSERVED_GENERATION_SINCE = 34;

/** The node as the rest of the cluster sees it. */
export function testNode(t: Test, world: World): void {
  t.test('a pod’s status is written as kubelet writes it', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const probe = { httpGet: { path: '/health/up', port: 8080 }, periodSeconds: 1 };
    await room.run('seen', { readinessProbe: probe });

    const { metadata, status } = await room.untilPod('seen', isReady);

    const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
    const isTrue = { status: 'True', lastProbeTime: null, lastTransitionTime: time };
    const minor = await kubernetesMinor(world.cluster);
    t.match(status, {
      ...(minor >= OBSERVED_GENERATION_SINCE ? { observedGeneration: 1 } : {}),
      phase: 'Running',
      conditions: [
        { type: 'PodReadyToStartContainers', ...isTrue },
        { type: 'Initialized', ...isTrue },
        { type: 'Ready', ...isTrue },
        { type: 'ContainersReady', ...isTrue },
        { type: 'PodScheduled', ...isTrue },
      ],
      hostIP: /^10\.\d+\.0\.1$/,
      hostIPs: [{ ip: status.hostIP }],
      podIP: /^10\.\d+\.\d+\.\d+$/,
      podIPs: [{ ip: status.podIP }],
      startTime: time,
      containerStatuses: [
        {
          name: 'main',
          image: IMAGE,
          imageID: `local-node://${IMAGE}`,
          containerID: /^local-node:\/\/[0-9a-f]{64}$/,
          state: { running: { startedAt: time } },
          lastState: {},
          ready: true,
          started: true,
          restartCount: 0,
        },
      ],
      qosClass: 'BestEffort',
    });
    const reasons = status.conditions.flatMap(({ reason = [], message = [] }) => [reason, message]);
    t.strictSame(reasons.flat(), [], 'no reason is left over from before');
    t.ok(metadata.uid);
  });

  t.test('a status that has not changed is not written', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const probe = { httpGet: { path: '/health/up', port: 8080 }, periodSeconds: 1 };
    await room.run('still', { readinessProbe: probe });
    const before = await room.untilPod('still', isReady);
    const probes = async (): Promise<number> => {
      const asked = await room.ask<{ up: unknown[] }>('still', '/asked');
      return asked.up.length;
    };

    const seen = await probes();
    await until('two more probes', async () => (await probes()) > seen + 1 || undefined);

    const after = await room.pod('still');
    t.equal(after?.metadata.resourceVersion, before.metadata.resourceVersion);
  });

  t.test('a Deployment becomes available and is rolled over', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const path = `/apis/apps/v1/namespaces/${room.name}/deployments`;
    const labels = { app: 'web' };
    const container = {
      name: 'main',
      image: IMAGE,
      readinessProbe: { httpGet: { path: '/health/up', port: 8080 }, periodSeconds: 1 },
    };
    const template = { metadata: { labels }, spec: { containers: [container] } };
    await room.create(path, {
      metadata: { name: 'web' },
      spec: { replicas: 2, selector: { matchLabels: labels }, template },
    });
    const rollout = (generation: number) => async () => {
      const web = await room.get<Deployment>(`${path}/web`);
      const { observedGeneration, availableReplicas, updatedReplicas, replicas } = web?.status ?? {};
      const isOver = availableReplicas === 2 && updatedReplicas === 2 && replicas === 2;
      return (isOver && observedGeneration === generation) || undefined;
    };

    await until('the first pods', rollout(1));
    const env = [{ name: 'VERSION', value: '2' }];
    await room.patch(`${path}/web`, {
      spec: { template: { spec: { containers: [{ ...container, env }] } } },
    });
    await until('the second pods', rollout(2));

    t.pass('both rollouts came to their end');
  });
}

interface Deployment {
  readonly status?: Partial<
    Record<'observedGeneration' | 'availableReplicas' | 'updatedReplicas' | 'replicas', number>
  >;
}

/** Closes the node, so it must be the last. */
export function testClosing(t: Test, world: World): void {
  t.test('nothing is left when the node is closed', async (t) => {
    const { cluster, node } = world;
    const room = await createRoom(t, world);
    await room.run('deaf', {
      env: [{ name: 'IGNORE_SIGTERM', value: 'yes' }],
      lifecycle: { preStop: { sleep: { seconds: 25 } } },
    });
    await room.ask('deaf', '/child');
    await room.delete('pods/deaf');
    await until('its preStop hook', async () =>
      (await room.events('deaf')).find((event) => event.startsWith('Killing: ')),
    );
    const pod = await room.pod('deaf');
    const controlPlane = 3;

    const since = Date.now();
    await node.close();
    const tookMs = Date.now() - since;

    t.ok(tookMs < 5_000, `closed in ${tookMs} ms`);
    t.ok(pod && containerOf(pod)?.state.running);
    await until('the end of all processes', async () => {
      const left = await findProcesses(cluster.guardian.directory);
      return left.length === controlPlane || undefined;
    });
    t.notOk(existsSync(join(cluster.guardian.directory, node.name)), 'its folder is gone');
    t.equal(await room.get(`/api/v1/nodes/${node.name}`), undefined, 'its Node object is gone');
  });
}
