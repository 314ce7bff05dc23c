import type { Test } from 'tap';
import { createRoom, IMAGE, parallel, type SeenPod, type Self, type World } from './world.ts';

const NO_TOKEN = { automountServiceAccountToken: false } as const;

/** Which pods run, and as what. */
export function testRunning(t: Test, world: World): void {
  t.test('a pod of whose images all are known is bound; others stay as they are', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const foreign = { name: 'other', image: 'example.com/unknown:1' };
    const ours = { name: 'main', image: IMAGE };
    await room.run('foreign', foreign);
    await room.run('mixed', {}, { containers: [ours, foreign] });
    await room.run('gated', {}, { schedulingGates: [{ name: 'example.com/wait' }] });
    await room.run('ours', {});

    const bound = await room.untilPod('ours', (pod) => pod.status.phase === 'Running');

    t.equal(bound.spec.nodeName, 'local-node');
    for (const name of ['foreign', 'mixed', 'gated']) {
      const pod = await room.pod(name);
      t.equal(pod?.spec.nodeName, undefined, `${name} is not bound`);
      t.equal(pod?.status.phase, 'Pending', `${name} is pending`);
    }
  });

  t.test('a pod that needs what the node cannot do gets the reason and is not run', parallel(), async (t) => {
    const room = await createRoom(t, world);
    await room.run('exec', { readinessProbe: { exec: { command: ['true'] } } });

    const { spec, status } = await room.untilPod('exec', (pod) => pod.status.conditions?.length);

    t.equal(spec.nodeName, undefined);
    t.match(status.conditions, [
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message: 'the local node does not support a probe other than httpGet and tcpSocket of container main',
      },
    ]);
  });

  t.test('command and arguments are the pod’s, over those of the image', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const env = [{ name: 'WORD', value: 'said' }];
    const args = ['as', '$(WORD)', '$$(WORD)', '$(UNKNOWN)'];
    await room.run('args', { args, env });
    await room.run('command', {
      command: [process.execPath, '-e', 'console.log(process.argv.slice(1).join())', 'x'],
      args: ['$(WORD)'],
      env,
    });

    const self = await room.ask<Self>('args', '/self');
    await room.untilPod('command', (pod) => pod.status.containerStatuses[0]?.lastState.terminated);

    t.strictSame(self.argv.slice(2), ['as', 'said', '$(WORD)', '$(UNKNOWN)']);
    t.match(await world.node.logs(room.name, 'command', 'main'), /^x,said\n/);
  });

  t.test('the environment is the pod’s, the image’s and kubelet’s, and nothing of ours', parallel(), async (t) => {
    const room = await createRoom(t, world);
    await room.create('configmaps', {
      metadata: { name: 'settings' },
      data: { color: 'red', SIZE: 'big' },
    });
    await room.create('secrets', { metadata: { name: 'keys' }, stringData: { key: 'p4ss' } });
    await room.create('services', {
      metadata: { name: 'door-bell' },
      spec: { ports: [{ name: 'http', port: 80 }] },
    });
    const container = {
      resources: { limits: { cpu: '250m', memory: '64Mi' } },
      envFrom: [{ prefix: 'FROM_', configMapRef: { name: 'settings' } }],
      env: [
        { name: 'HOST', value: '::' },
        { name: 'PLAIN', value: 'a' },
        { name: 'EXPANDED', value: '$(PLAIN)-$(FROM_color)-$(KUBERNETES_SERVICE_HOST)-$(LATER)' },
        { name: 'LATER', value: 'b' },
        field('POD_NAME', 'metadata.name'),
        field('POD_NAMESPACE', 'metadata.namespace'),
        field('POD_UID', 'metadata.uid'),
        field('POD_LABEL', "metadata.labels['app']"),
        field('NODE', 'spec.nodeName'),
        field('ACCOUNT', 'spec.serviceAccountName'),
        field('POD_IP', 'status.podIP'),
        resource('CPU', 'limits.cpu', '1m'),
        resource('MEMORY_MIB', 'limits.memory', '1Mi'),
        { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } },
        { name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'key' } } },
        { name: 'NO', valueFrom: { secretKeyRef: { name: 'no', key: 'no', optional: true } } },
      ],
    };
    await room.run('env', container, NO_TOKEN);

    const { env } = await room.ask<Self>('env', '/self');

    const { status, metadata } = await room.untilPod('env', () => true);
    const server = new URL(world.cluster.serverUrl);
    const { ECR_PULL_SECRETS_GUARDIAN: _mark, ...seen } = env;
    const links = Object.keys(seen).filter((name) => /^(KUBERNETES|DOOR_BELL)_PORT/.test(name));
    for (const name of links) delete seen[name];
    t.strictSame(seen, {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOSTNAME: 'env',
      HOST: world.node.toLoopback(status.podIP ?? ''),
      FROM: 'image',
      FROM_color: 'red',
      FROM_SIZE: 'big',
      PLAIN: 'a',
      EXPANDED: `a-red-${server.hostname}-$(LATER)`,
      LATER: 'b',
      POD_NAME: 'env',
      POD_NAMESPACE: room.name,
      POD_UID: metadata.uid,
      POD_LABEL: 'env',
      NODE: 'local-node',
      ACCOUNT: 'default',
      POD_IP: status.podIP,
      CPU: '250',
      MEMORY_MIB: '64',
      COLOR: 'red',
      KEY: 'p4ss',
      KUBERNETES_SERVICE_HOST: server.hostname,
      KUBERNETES_SERVICE_PORT: server.port,
      KUBERNETES_SERVICE_PORT_HTTPS: server.port,
      DOOR_BELL_SERVICE_HOST: env['DOOR_BELL_SERVICE_HOST'],
      DOOR_BELL_SERVICE_PORT: '80',
      DOOR_BELL_SERVICE_PORT_HTTP: '80',
    });
    t.ok(links.includes('DOOR_BELL_PORT_80_TCP_ADDR'));
  });

  t.test('mount paths become folders in arguments and environment, as whole paths only', parallel(), async (t) => {
    const room = await createRoom(t, world);
    await room.run(
      'mounts',
      {
        args: ['--file=/etc/app/a', '/etc/app', '/etc/application', '/etc/app/deep/b'],
        env: [{ name: 'PATHS', value: '/etc/app/a:/srv/etc/app:/tmp' }],
        workingDir: '/etc/app',
        volumeMounts: [
          { name: 'outer', mountPath: '/etc/app' },
          { name: 'inner', mountPath: '/etc/app/deep' },
        ],
      },
      { volumes: [volume('outer'), volume('inner')] },
    );

    const { argv, env, cwd } = await room.ask<Self>('mounts', '/self');

    const [file = '', outer = '', other, inner] = argv.slice(2);
    t.equal(file, `--file=${outer}/a`);
    t.match(outer, /\/volumes\/outer$/);
    t.equal(other, '/etc/application');
    t.equal(inner, outer.replace(/outer$/, 'inner/b'));
    t.equal(env['PATHS'], `${outer}/a:/srv/etc/app:/tmp`);
    t.equal(cwd, outer);
  });

  t.test(
    'a missing key is CreateContainerConfigError, and the container starts when it comes',
    parallel(),
    async (t) => {
      const room = await createRoom(t, world);
      await room.run('waits', {
        env: [{ name: 'KEY', valueFrom: { configMapKeyRef: { name: 'late', key: 'key' } } }],
      });

      const waiting = await room.untilPod('waits', hasReason('CreateContainerConfigError'));
      await room.create('configmaps', { metadata: { name: 'late' }, data: { key: 'here' } });
      const self = await room.ask<Self>('waits', '/self');

      t.match(waiting.status, {
        phase: 'Pending',
        containerStatuses: [{ state: { waiting: { message: 'configmap "late" not found' } } }],
      });
      t.equal(self.env['KEY'], 'here');
    },
  );
}

function field(name: string, fieldPath: string) {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

function resource(name: string, resourceName: string, divisor: string) {
  return { name, valueFrom: { resourceFieldRef: { resource: resourceName, divisor } } };
}

function volume(name: string) {
  return { name, emptyDir: {} };
}

function hasReason(reason: string) {
  return ({ status }: SeenPod): boolean =>
    status.containerStatuses?.some(({ state }) => state.waiting?.reason === reason) ?? false;
}
