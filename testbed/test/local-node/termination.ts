import type { Test } from 'tap';
import { createRoom, isReady, parallel, until, untilDead, type World } from './world.ts';

/** How pods are stopped. */
export function testTermination(t: Test, world: World): void {
  t.test('a deleted pod gets SIGTERM and goes when its processes are gone', parallel(), async (t) => {
    const room = await createRoom(t, world);
    await room.run('polite', {}, { terminationGracePeriodSeconds: 60 });
    await room.ask('polite', '/whoami');

    const since = Date.now();
    await room.delete('pods/polite');
    await room.untilGone('polite');

    t.ok(Date.now() - since < 20_000, 'long before the grace period is over');
    t.equal(await world.node.logs(room.name, 'polite', 'main'), 'started server\nSIGTERM\n');
    t.equal(world.node.processes(room.name, 'polite').size, 0);
  });

  t.test('what ignores SIGTERM is killed when the grace period is over, with all its group', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const env = [{ name: 'IGNORE_SIGTERM', value: 'yes' }];
    await room.run('deaf', { env }, { terminationGracePeriodSeconds: 3 });
    const child = Number(await room.ask('deaf', '/child'));

    const since = Date.now();
    await room.delete('pods/deaf');
    const terminating = await room.untilPod('deaf', (pod) => pod.metadata.deletionTimestamp);
    await room.untilGone('deaf');

    const tookMs = Date.now() - since;
    t.equal(terminating.status.phase, 'Running');
    t.ok(tookMs >= 3_000 && tookMs < 10_000, `after ${tookMs} ms`);
    await untilDead(child);
  });

  t.test('a later, shorter grace period counts', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const env = [{ name: 'IGNORE_SIGTERM', value: 'yes' }];
    await room.run('deaf', { env }, { terminationGracePeriodSeconds: 300 });
    await room.ask('deaf', '/whoami');

    await room.delete('pods/deaf');
    await room.delete('pods/deaf', { gracePeriodSeconds: 2 });
    await room.untilGone('deaf');

    t.equal(await world.node.logs(room.name, 'deaf', 'main'), 'started server\nSIGTERM\nSIGTERM\n');
  });

  t.test('a pod that is removed by force loses its processes soon', parallel(), async (t) => {
    const room = await createRoom(t, world);
    await room.run('forced', { env: [{ name: 'IGNORE_SIGTERM', value: 'yes' }] });
    await room.ask('forced', '/whoami');
    const pid = world.node.processes(room.name, 'forced').get('main') ?? 0;

    await room.delete('pods/forced', { gracePeriodSeconds: 0 });
    await untilDead(pid);

    t.equal(await room.pod('forced'), undefined);
  });

  t.test('a pod ends after its activeDeadlineSeconds, and stays until it is deleted', parallel(), async (t) => {
    const room = await createRoom(t, world);
    await room.run('expiring', {}, { activeDeadlineSeconds: 2, restartPolicy: 'Never' });

    const { status } = await room.untilPod('expiring', (pod) => pod.status.phase === 'Failed');

    t.match(status, { reason: 'DeadlineExceeded' });
    t.equal(world.node.processes(room.name, 'expiring').size, 0);
    await room.delete('pods/expiring');
    await room.untilGone('expiring');
  });

  t.test('a preStop sleep comes before SIGTERM, within the grace period', parallel(), async (t) => {
    const room = await createRoom(t, world);
    await room.run('asleep', { lifecycle: { preStop: { sleep: { seconds: 2 } } } });
    await room.ask('asleep', '/whoami');

    const since = Date.now();
    await room.delete('pods/asleep');
    await until(
      'SIGTERM',
      async () => (await world.node.logs(room.name, 'asleep', 'main')).includes('SIGTERM') || undefined,
    );
    const sleptMs = Date.now() - since;
    await room.untilGone('asleep');

    t.ok(sleptMs >= 1_900 && sleptMs < 15_000, `SIGTERM after ${sleptMs} ms`);
  });

  t.test('a terminating pod is probed for readiness on, and leaves its Service', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const spec = { selector: { app: 'going' }, ports: [{ port: 80, targetPort: 8080 }] };
    await room.create('services', { metadata: { name: 'going' }, spec });
    await room.run(
      'going',
      {
        readinessProbe: {
          httpGet: { path: '/health/ready', port: 8080 },
          periodSeconds: 1,
          failureThreshold: 1,
        },
        lifecycle: { preStop: { sleep: { seconds: 30 } } },
      },
      { terminationGracePeriodSeconds: 60 },
    );
    const conditions = async () => (await room.slices('going'))[0]?.endpoints?.[0]?.conditions;
    await until('its place', async () => (await conditions())?.ready || undefined);

    await room.delete('pods/going');
    const leaving = await until('its leave', async () => {
      const seen = await conditions();
      return seen?.terminating ? seen : undefined;
    });
    const serving = await room.pod('going');
    await room.ask('going', '/sick/ready', '500');
    const failing = await room.untilPod('going', (pod) => !isReady(pod));
    await room.delete('pods/going', { gracePeriodSeconds: 1 });
    await room.untilGone('going');

    t.match(leaving, { ready: false, serving: true, terminating: true });
    t.ok(serving && isReady(serving), 'still Ready, as its probe says');
    t.equal(failing.status.phase, 'Running');
  });
}
