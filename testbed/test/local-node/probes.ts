import type { Test } from 'tap';
import { containerOf, createRoom, IMAGE, isReady, isTrue, parallel, type SeenPod, until, type World } from './world.ts';

/** The headers of all requests for a kind of health. */
type Asked = Record<string, Record<string, string>[]>;

/** What probes do to a pod. */
export function testProbes(t: Test, world: World): void {
  t.test('a pod is Ready only while every container is', parallel(), async (t) => {
    const room = await createRoom(t, world);
    await room.run('pair', {}, { containers: [container('one', 8080, ''), container('two', 8081, 'ready')] });

    const half = await room.untilPod('pair', (pod) => containerOf(pod)?.ready);
    await room.ask('pair', '/sick/ready', '200', 8081);
    const whole = await room.untilPod('pair', isReady);
    await room.ask('pair', '/sick/ready', '503');
    const otherHalf = await room.untilPod('pair', (pod) => !isReady(pod));

    t.match(readyOf(half), [true, false]);
    t.match(conditionOf(half, 'Ready'), {
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [two]',
    });
    t.notOk(isTrue(half, 'ContainersReady'));
    t.match(readyOf(whole), [true, true]);
    t.not(sinceOf(whole, 'Ready'), sinceOf(half, 'Ready'));
    t.equal(sinceOf(otherHalf, 'Initialized'), sinceOf(half, 'Initialized'));
    t.match(readyOf(otherHalf), [false, true]);
    t.equal(otherHalf.status.containerStatuses[0]?.restartCount, 0, 'unready is no reason to restart');
  });

  t.test('readiness counts failures and successes up to their thresholds', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const probe = { ...get('/health/ready'), successThreshold: 2, failureThreshold: 3 };
    await room.run('slow', { readinessProbe: { ...probe, periodSeconds: 1 } });

    const since = Date.now();
    await room.untilPod('slow', isReady);
    const readyAfterMs = Date.now() - since;
    const failingSince = Date.now();
    await room.ask('slow', '/sick/ready', '500');
    await room.untilPod('slow', (pod) => !isReady(pod));

    t.ok(readyAfterMs >= 900, `ready after a second success: ${readyAfterMs} ms`);
    const failedAfterMs = Date.now() - failingSince;
    t.ok(failedAfterMs >= 1_900, `unready after a third failure: ${failedAfterMs} ms`);
  });

  t.test('a restarted container is unready until its own probe succeeds', parallel(), async (t) => {
    const room = await createRoom(t, world);
    await room.run('again', {
      env: [{ name: 'UNHEALTHY', value: 'ready' }],
      readinessProbe: { ...get('/health/ready'), periodSeconds: 1 },
    });
    await room.ask('again', '/sick/ready', '200');
    await room.untilPod('again', isReady);

    process.kill(world.node.processes(room.name, 'again').get('main') ?? 0, 'SIGKILL');
    const again = await room.untilPod('again', restarted);

    t.match(again.status.containerStatuses, [{ ready: false, started: true }]);
    t.notOk(isReady(again));
  });

  t.test('liveness and readiness wait for the startup probe', parallel(), async (t) => {
    const room = await createRoom(t, world);
    await room.run('late', {
      env: [{ name: 'UNHEALTHY', value: 'startup' }],
      startupProbe: { ...get('/health/startup'), periodSeconds: 1, failureThreshold: 30 },
      livenessProbe: { ...get('/health/live'), periodSeconds: 1, failureThreshold: 1 },
      readinessProbe: { ...get('/health/ready'), periodSeconds: 1 },
    });

    const asked = await until('two startup probes', async () => {
      const seen = await room.ask<Asked>('late', '/asked');
      return (seen['startup']?.length ?? 0) >= 2 ? seen : undefined;
    });
    const starting = await room.pod('late');
    await room.ask('late', '/sick/startup', '200');
    const started = await room.untilPod('late', isReady);

    t.strictSame(Object.keys(asked), ['startup'], 'nothing else was probed');
    t.match(starting?.status.containerStatuses, [{ started: false, ready: false, restartCount: 0 }]);
    t.match(started.status.containerStatuses, [{ started: true, restartCount: 0 }]);
  });

  t.test('a container that fails its startup or liveness probe is restarted', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const failing = { ...get('/health/bad'), periodSeconds: 1, failureThreshold: 3 };
    const env = [{ name: 'UNHEALTHY', value: 'bad' }];
    await room.run('dead', { env, livenessProbe: failing });
    await room.run('unborn', { env, startupProbe: failing });

    for (const name of ['dead', 'unborn']) {
      const { status } = await room.untilPod(name, restarted);
      const { lastState } = status.containerStatuses[0] ?? {};
      t.match(lastState, { terminated: { exitCode: 0, reason: 'Completed' } }, `${name} got SIGTERM`);
      const events = await room.events(name);
      t.ok(events.some((event) => event.includes('probe failed: HTTP probe failed with statuscode: 500')));
      t.ok(events.some((event) => event.includes('probe, will be restarted')));
    }
  });

  t.test('a container that hangs fails its probes and is killed', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const probe = { ...get('/health/live'), periodSeconds: 1, timeoutSeconds: 1 };
    await room.run('hung', {
      readinessProbe: { ...probe, failureThreshold: 1 },
      livenessProbe: { ...probe, failureThreshold: 2, terminationGracePeriodSeconds: 1 },
    });
    await room.untilPod('hung', isReady);
    const pid = world.node.processes(room.name, 'hung').get('main') ?? 0;

    process.kill(-pid, 'SIGSTOP');
    await room.untilPod('hung', (pod) => !isReady(pod) && !restarted(pod));
    const killed = await room.untilPod('hung', restarted);

    t.match(killed.status.containerStatuses[0]?.lastState, {
      terminated: { exitCode: 137, reason: 'Error' },
    });
    t.not(world.node.processes(room.name, 'hung').get('main'), pid);
  });

  t.test('a probe requests as kubelet does: by port name, headers, TCP, after its delay', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const httpHeaders = [{ name: 'X-Probe', value: 'yes' }];
    await room.run('asked', {
      ports: [{ name: 'web', containerPort: 8080 }],
      readinessProbe: {
        httpGet: { port: 'web', path: '/health/ready', httpHeaders },
        initialDelaySeconds: 3,
        periodSeconds: 1,
      },
    });
    const closed = { tcpSocket: { port: 9000 }, periodSeconds: 1 };
    await room.run('closed', { readinessProbe: closed });
    const env = [{ name: 'TCP_PORT', value: '9000' }];
    await room.run('open', { env, readinessProbe: closed });

    const { status } = await room.untilPod('asked', isReady);
    await room.untilPod('open', isReady);

    const unready = await room.pod('closed');
    t.notOk(unready && isReady(unready), 'no process listens');
    const { ready } = await room.ask<{ ready: Record<string, string>[] }>('asked', '/asked');
    t.match(ready[0], { 'x-probe': 'yes', 'user-agent': /^kube-probe\// });
    const startedAt = Date.parse(status.containerStatuses[0]?.state.running?.startedAt ?? '');
    const readyAt = Date.parse(conditionOf({ status }, 'Ready')?.lastTransitionTime ?? '');
    t.ok(readyAt - startedAt >= 3_000, `ready ${readyAt - startedAt} ms after its start`);
  });
}

function get(path: string) {
  return { httpGet: { path, port: 8080 } };
}

function container(name: string, port: number, unhealthy: string) {
  return {
    name,
    image: IMAGE,
    env: [
      { name: 'PORT', value: String(port) },
      { name: 'UNHEALTHY', value: unhealthy },
    ],
    readinessProbe: {
      httpGet: { path: '/health/ready', port },
      periodSeconds: 1,
      failureThreshold: 1,
    },
  };
}

function readyOf({ status }: SeenPod): boolean[] {
  return status.containerStatuses.map(({ ready }) => ready);
}

function restarted(pod: SeenPod): boolean {
  const { restartCount = 0, state } = containerOf(pod) ?? {};
  return restartCount > 0 && state?.running !== undefined;
}

function sinceOf(pod: SeenPod, type: string): string | undefined {
  return conditionOf(pod, type)?.lastTransitionTime;
}

function conditionOf({ status }: Pick<SeenPod, 'status'>, type: string) {
  return status.conditions.find((condition) => condition.type === type);
}
