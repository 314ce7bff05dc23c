import type { Test } from 'tap';
import { existsSync } from 'node:fs';
import { readlink } from 'node:fs/promises';
import type { Container, Volume } from '../../src/local-node/api/objects.ts';
import { type ApiAccess, requestApi } from '../../src/local-cluster/api-request.ts';
import { createRoom, IMAGE, isReady, parallel, type Room, type Self, until, type World } from './world.ts';

/** What pods find in their volumes. */
export function testVolumes(t: Test, world: World): void {
  t.test('an emptyDir is one folder for all containers of a pod, gone with it', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const shared = mounted({ name: 'shared', emptyDir: { medium: 'Memory' } });
    await room.run(
      'pair',
      {},
      {
        containers: [
          { ...shared.container, name: 'one', image: IMAGE },
          {
            ...shared.container,
            name: 'two',
            image: IMAGE,
            env: [{ name: 'PORT', value: '8081' }],
          },
        ],
        volumes: shared.volumes,
      },
    );
    const folder = await folderOf(room, 'pair');

    await room.ask('pair', `/write${folder}/word`, 'from one');
    const read = await room.ask('pair', `/read${folder}/word`, undefined, 8081);
    await room.delete('pods/pair');
    await room.untilGone('pair');

    t.equal(read, 'from one');
    t.notOk(existsSync(folder), 'the folder is gone');
  });

  t.test('ConfigMap and Secret volumes are switched at one instant when they change', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const data = { a: '1', b: '1' };
    await room.create('configmaps', { metadata: { name: 'settings' }, data });
    await room.create('secrets', { metadata: { name: 'keys' }, stringData: { key: 'old' } });
    const { container, volumes } = mounted({
      name: 'files',
      projected: {
        defaultMode: 0o400,
        sources: [
          { configMap: { name: 'settings' } },
          { secret: { name: 'keys', items: [{ key: 'key', path: 'deep/key', mode: 0o600 }] } },
        ],
      },
    });
    await room.run('files', container, { volumes });
    const folder = await folderOf(room, 'files');
    const before = await readlink(`${folder}/..data`);

    await room.patch('configmaps/settings', { data: { a: '2', b: null, c: '2' } });
    const names = await until('the new files', async () => {
      const present = await room.ask<string[]>('files', `/list${folder}`);
      // The old folder goes last.
      return present.includes('c') && present.length === 5 ? present : undefined;
    });

    const after = await readlink(`${folder}/..data`);
    t.strictSame(names, ['..data', after, 'a', 'c', 'deep'].toSorted());
    t.not(after, before, 'a new folder');
    t.equal(await readlink(`${folder}/a`), '..data/a', 'visible names lead through ..data');
    t.equal(await room.ask('files', `/read${folder}/a`), '2');
    t.equal(await room.ask('files', `/read${folder}/deep/key`), 'old');
    t.equal(await room.ask('files', `/mode${folder}/a`), 0o400);
    t.equal(await room.ask('files', `/mode${folder}/deep/key`), 0o600);
  });

  t.test('a pod whose Secret is not there waits, says so, and starts when it comes', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const { container, volumes } = mounted(
      { name: 'files', secret: { secretName: 'late' } },
      { name: 'optional', configMap: { name: 'never', optional: true } },
    );
    await room.run('waits', container, { volumes });

    const message = 'FailedMount: MountVolume.SetUp failed for volume "files": secret "late" not found';
    await until('the event', async () => (await room.events('waits')).find((it) => it === message));
    const waiting = await room.pod('waits');
    await room.create('secrets', { metadata: { name: 'late' }, stringData: { key: 'here' } });
    const running = await room.untilPod('waits', isReady);

    t.match(waiting?.status, {
      phase: 'Pending',
      containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } }, started: false }],
    });
    t.equal(waiting?.status.podIP, undefined, 'no address yet');
    t.equal(running.status.phase, 'Running');
  });

  t.test('a downward API volume follows the pod’s labels', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const items = [
      { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
      { path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } },
    ];
    const { container, volumes } = mounted({ name: 'facts', downwardAPI: { items } });
    await room.run('facts', container, { volumes });
    const folder = await folderOf(room, 'facts');

    await room.patch('pods/facts', { metadata: { labels: { color: 'red' } } });

    await until('the new label', async () => {
      const labels = await room.ask('facts', `/read${folder}/labels`);
      return labels === 'app="facts"\ncolor="red"' || undefined;
    });
    t.equal(await room.ask('facts', `/read${folder}/namespace`), room.name);
  });

  t.test('a projected token is the ServiceAccount’s, bound to the pod, for its audience', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const { container, volumes } = mounted(tokenVolume('outside', undefined));
    await room.run('tokens', container, { volumes });
    const folder = await folderOf(room, 'tokens');
    const pod = await room.untilPod('tokens', isReady);

    const [outside, inside] = await Promise.all(
      ['0', '1'].map(async (name) => String(await room.ask('tokens', `/read${folder}/${name}`))),
    );

    const { aud, sub, exp, iat, ...rest } = claimsOf(outside ?? '');
    t.strictSame(aud, ['outside']);
    t.equal(sub, `system:serviceaccount:${room.name}:default`);
    t.equal(Number(exp) - Number(iat), 600);
    t.match(rest, { 'kubernetes.io': { pod: { name: 'tokens', uid: pod.metadata.uid } } });
    const { caPem, serverUrl } = world.cluster;
    const review = await whoAmI({ serverUrl, caPem, token: inside ?? '' });
    t.match(review, { status: { userInfo: { username: sub } } });
  });
}

/** Moves the node's clock, so it must run alone. */
export function testTokenRefresh(t: Test, world: World): void {
  t.test('a projected token is replaced when a fifth of its life is left', async (t) => {
    const room = await createRoom(t, world);
    const { container, volumes } = mounted(tokenVolume('outside'));
    await room.run('tokens', container, { volumes });
    const folder = await folderOf(room, 'tokens');
    const read = async (): Promise<string> => String(await room.ask('tokens', `/read${folder}/0`));
    const first = await read();

    world.skip(450_000);
    // A label that has come into the same volume shows that the token was looked at, too.
    await room.patch('pods/tokens', { metadata: { labels: { looked: 'yes' } } });
    await until('the label', async () => {
      const labels = String(await room.ask('tokens', `/read${folder}/labels`));
      return labels.includes('looked') || undefined;
    });
    const atThreeQuarters = await read();
    world.skip(35_000);
    const second = await until('a new token', async () => {
      const token = await read();
      return token === first ? undefined : token;
    });

    t.equal(atThreeQuarters, first);
    t.ok(Number(claimsOf(second)['exp']) >= Number(claimsOf(first)['exp']));
  });
}

/** Mounts volumes under `/mnt`, their folders being the container's arguments. */
function mounted(...volumes: Volume[]): {
  container: Pick<Container, 'args' | 'volumeMounts'>;
  volumes: Volume[];
} {
  const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/mnt/${name}` }));
  return {
    container: { args: volumeMounts.map(({ mountPath }) => mountPath), volumeMounts },
    volumes,
  };
}

/** The folder of the first volume. */
async function folderOf(room: Room, pod: string): Promise<string> {
  const { argv } = await room.ask<Self>(pod, '/self');
  return argv[2] ?? '';
}

/** Tokens as the files `0`, `1` and so on, and the pod's labels. */
function tokenVolume(...audiences: (string | undefined)[]): Volume {
  const tokens = audiences.map((audience, index) => ({
    serviceAccountToken: {
      path: String(index),
      expirationSeconds: 600,
      ...(audience && { audience }),
    },
  }));
  const items = [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }];
  return { name: 'tokens', projected: { sources: [...tokens, { downwardAPI: { items } }] } };
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

async function whoAmI(access: ApiAccess): Promise<unknown> {
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const answer = await requestApi(access, path, { method: 'POST', body });
  return JSON.parse(answer.body);
}
