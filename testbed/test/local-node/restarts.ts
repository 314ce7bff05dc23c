import type { Test } from 'tap';
import type { Termination } from '../../src/local-node/containers/container-facts.ts';
import type { ContainerStatus } from '../../src/local-node/pods/status.ts';
import {
  containerOf,
  createRoom,
  IMAGE,
  parallel,
  type Room,
  type SeenPod,
  until,
  untilDead,
  type World,
} from './world.ts';

/** A wait of the world's back-off that no look now and then can miss. */
const LONG_BACK_OFF_SECONDS = 2.4;

/** What becomes of containers that end by themselves, and in which order they start. */
export function testRestarts(t: Test, world: World): void {
  t.test(
    'a container that exits again and again waits longer each time, in CrashLoopBackOff',
    parallel(),
    async (t) => {
      const room = await createRoom(t, world);
      await room.run('crash', { args: ['exit', '3'] });

      const backOffs: number[] = [];
      const waiting = await room.untilPod('crash', (pod) => {
        const message = containerOf(pod)?.state.waiting?.message ?? '';
        const [, seconds] = /^back-off (\S+)s restarting/.exec(message) ?? [];
        if (seconds && Number(seconds) !== backOffs.at(-1)) backOffs.push(Number(seconds));
        return Number(seconds) >= LONG_BACK_OFF_SECONDS;
      });

      t.match(waiting.status, {
        phase: 'Running',
        containerStatuses: [
          {
            state: {
              waiting: {
                reason: 'CrashLoopBackOff',
                message: /^back-off \S+s restarting failed container=main pod=crash_/,
              },
            },
            lastState: {
              terminated: { exitCode: 3, reason: 'Error', containerID: /^local-node:/ },
            },
            ready: false,
            started: false,
          },
        ],
      });
      t.same(
        backOffs,
        backOffs.toSorted((a, b) => a - b),
        'each wait was longer than the one before',
      );
      await until('the event', async () => (await room.events('crash')).find((event) => event.startsWith('BackOff: ')));
      t.match(
        await world.node.logs(room.name, 'crash', 'main'),
        'started exit\n'.repeat(5),
        'it ran before the waits of 0, 0.3, 0.6, 1.2 and 2.4 s',
      );
    },
  );

  t.test('kill -9 shows as 137, ends the whole group and leaves the other container alone', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const second = { name: 'second', image: IMAGE, env: [{ name: 'PORT', value: '8081' }] };
    await room.run('pair', {}, { containers: [{ name: 'main', image: IMAGE }, second] });
    const child = Number(await room.ask('pair', '/child'));
    await room.ask('pair', '/whoami', undefined, 8081);
    const before = world.node.processes(room.name, 'pair');

    process.kill(before.get('main') ?? 0, 'SIGKILL');
    const { status } = await room.untilPod('pair', (pod) => {
      const main = containerOf(pod);
      return main?.restartCount === 1 && main.state.running;
    });

    t.match(status.containerStatuses, [
      { lastState: { terminated: { exitCode: 137, reason: 'Error' } } },
      { restartCount: 0, lastState: {} },
    ]);
    const after = world.node.processes(room.name, 'pair');
    t.not(after.get('main'), before.get('main'));
    t.equal(after.get('second'), before.get('second'));
    await untilDead(child);
  });

  t.test('restartPolicy Never: pods end as Succeeded or Failed', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const spec = { restartPolicy: 'Never' } as const;
    await room.run('exit-7', { args: ['exit', '7'] }, spec);
    await room.untilPod('exit-7', ({ status }) => status.phase === 'Failed');
    await room.run('exit-0', { args: ['exit', '0'] }, spec);
    const succeeded = await room.untilPod('exit-0', ({ status }) => status.phase === 'Succeeded');
    const failed = await room.pod('exit-7');

    t.match(succeeded.status, {
      conditions: [
        { type: 'PodReadyToStartContainers' },
        { type: 'Initialized', status: 'True', reason: 'PodCompleted' },
        { type: 'Ready', status: 'False', reason: 'PodCompleted' },
      ],
      containerStatuses: [{ restartCount: 0, state: { terminated: { exitCode: 0, reason: 'Completed' } } }],
    });
    t.match(failed?.status, {
      phase: 'Failed',
      containerStatuses: [{ restartCount: 0, state: { terminated: { exitCode: 7, reason: 'Error' } } }],
    });
    await room.delete('pods/exit-7');
    await room.untilGone('exit-7');
    t.equal(await world.node.logs(room.name, 'exit-7', 'main'), 'started exit\n', 'it ran once');
  });

  t.test('a Job with restartPolicy OnFailure restarts its container until it succeeds', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const volumeMounts = [{ name: 'memory', mountPath: '/memory' }];
    const container = {
      name: 'main',
      image: IMAGE,
      args: ['fail-once', '/memory/file'],
      volumeMounts,
    };
    const volumes = [{ name: 'memory', emptyDir: {} }];
    const spec = { containers: [container], volumes, restartPolicy: 'OnFailure' };
    const jobs = `/apis/batch/v1/namespaces/${room.name}/jobs`;
    await room.create(jobs, { metadata: { name: 'job' }, spec: { template: { spec } } });

    const job = await until('the Job', async () => {
      const seen = await room.get<{ status: { succeeded?: number } }>(`${jobs}/job`);
      return seen?.status.succeeded ? seen : undefined;
    });

    const [pod] = await podsOf(room, 'job-name=job');
    t.equal(job.status.succeeded, 1);
    t.match(pod?.status, { phase: 'Succeeded', containerStatuses: [{ restartCount: 1 }] });
  });

  t.test('a program that cannot be started is a StartError and tried again', parallel(), async (t) => {
    const room = await createRoom(t, world);
    await room.run('nothing', { command: ['/no/such/program'] });

    const { status } = await room.untilPod('nothing', (pod) => containerOf(pod)?.restartCount);

    t.match(status.containerStatuses[0]?.lastState, {
      terminated: { exitCode: 128, reason: 'StartError', message: /ENOENT/ },
    });
  });

  t.test('init containers run one after another, sidecars beside all that follows', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const mount = { image: IMAGE, volumeMounts: [{ name: 'memory', mountPath: '/memory' }] };
    const sidecar = {
      ...mount,
      name: 'sidecar',
      restartPolicy: 'Always',
      env: [{ name: 'PORT', value: '8081' }],
      startupProbe: { httpGet: { port: 8081, path: '/health/up' }, periodSeconds: 1 },
    } as const;
    await room.run(
      'ordered',
      { args: ['exit', '0'] },
      {
        restartPolicy: 'OnFailure',
        volumes: [{ name: 'memory', emptyDir: {} }],
        initContainers: [
          { ...mount, name: 'first', args: ['fail-once', '/memory/file'] },
          sidecar,
          { ...mount, name: 'second', args: ['exit', '0'] },
        ],
      },
    );

    const waiting = await room.untilPod('ordered', ({ status }) => status.initContainerStatuses?.[1]?.state.running);
    const { status } = await room.untilPod('ordered', (pod) => pod.status.phase === 'Succeeded');

    t.match(waiting.status, {
      phase: 'Pending',
      initContainerStatuses: [{ ready: true, restartCount: 1 }, {}, { state: { waiting: {} } }],
      containerStatuses: [{ state: { waiting: { reason: 'PodInitializing' } } }],
    });
    const ended = [...(status.initContainerStatuses ?? []), ...status.containerStatuses];
    const [first, beside, second, main] = ended.map(timesOf);
    t.ok(first && beside && second && main, 'all have ended');
    if (!first || !beside || !second || !main) return;
    t.ok(first.finishedAt <= beside.startedAt, 'the first before the sidecar');
    t.ok(beside.startedAt <= second.startedAt, 'the sidecar before the second');
    t.ok(second.finishedAt <= main.startedAt, 'the second before the regular one');
    t.match(await world.node.logs(room.name, 'ordered', 'sidecar'), /SIGTERM/, 'the sidecar was stopped');
  });

  t.test('a pod whose init container fails for good has failed', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const initContainers = [{ name: 'first', image: IMAGE, args: ['exit', '1'] }];
    await room.run('failed', {}, { initContainers, restartPolicy: 'Never' });

    const { status } = await room.untilPod('failed', (pod) => pod.status.phase === 'Failed');

    t.match(status.containerStatuses, [{ state: { waiting: { reason: 'PodInitializing' } } }]);
    t.equal(await world.node.logs(room.name, 'failed', 'main'), '', 'the regular one never ran');
  });
}

function timesOf({ state }: ContainerStatus): Termination | undefined {
  return state.terminated;
}

async function podsOf(room: Room, labelSelector: string): Promise<SeenPod[]> {
  const path = `/api/v1/namespaces/${room.name}/pods?labelSelector=${labelSelector}`;
  return (await room.get<{ items: SeenPod[] }>(path))?.items ?? [];
}
