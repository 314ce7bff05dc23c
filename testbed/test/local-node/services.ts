import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Test } from 'tap';
import type { Service } from '../../src/local-node/api/objects.ts';
import { askAt, createRoom, isReady, type Room, until, type World } from './world.ts';

/** Where connections to a Service go. Each of these tests sets the delay, so they run one by one. */
export function testServices(t: Test, world: World): void {
  t.test('a Service’s address leads to its ready pods in turn', async (t) => {
    const { room, url } = await createService(t, world, ['a', 'b']);
    await room.run('foreign', {});

    const answers = await Promise.all(['1', '2', '3', '4'].map(() => askAt(`${url}/whoami`)));

    t.strictSame(answers.toSorted(byName), ['a', 'a', 'b', 'b']);
  });

  t.test('without a ready pod connections are refused at once', async (t) => {
    const { room, host } = await createService(t, world, ['only']);
    await room.ask('only', '/sick/ready', '500');

    await room.untilPod('only', (pod) => !isReady(pod));
    const since = Date.now();
    await until('refusal', async () => (await connectError(host, 80)) === 'ECONNREFUSED' || undefined);

    const tookMs = Date.now() - since;
    t.ok(tookMs < 2_000, `refused ${tookMs} ms after its pod was unready`);
    t.equal(await connectError(host, 80), 'ECONNREFUSED');
  });

  t.test('an address leaves after the delay, comes at once, and a dead one is refused meanwhile', async (t) => {
    const delayMs = 2_000;
    const { room, url, host } = await createService(t, world, ['a', 'b']);
    world.node.setAddressRemovalDelay(delayMs);
    t.teardown(() => world.node.setAddressRemovalDelay(0));

    await room.ask('a', '/sick/ready', '500');
    await room.untilPod('a', (pod) => !isReady(pod));
    const unreadySince = Date.now();
    const asked = await Promise.all(['1', '2', '3', '4'].map(() => askAt(`${url}/whoami`)));
    t.ok(asked.includes('a'), 'the unready one is still called');
    await until('a to leave', async () => {
      const answers = [await askAt(`${url}/whoami`), await askAt(`${url}/whoami`)];
      return answers.includes('a') ? undefined : true;
    });
    const leftAfterMs = Date.now() - unreadySince;
    t.ok(leftAfterMs >= delayMs - 500, `it left after ${leftAfterMs} ms`);

    await room.ask('a', '/sick/ready', '200');
    await until('a to come back', async () => (await askAt(`${url}/whoami`)) === 'a' || undefined);

    await room.delete('pods/b', { gracePeriodSeconds: 0 });
    const errors = await until('the dead one', async () => {
      const seen = [await connectError(host, 80), await connectError(host, 80)];
      return seen.includes('ECONNRESET') ? seen : undefined;
    });
    t.ok(errors.includes('ECONNRESET'), 'as with a real one, the connection fails');
    world.node.setAddressRemovalDelay(0);
  });

  t.test('an established connection lives on when its pod becomes unready', async (t) => {
    const { room, host } = await createService(t, world, ['only']);
    const socket = connect({ host, port: 81, allowHalfOpen: true });
    t.equal(await talk(socket, 'one'), 'one');

    await room.ask('only', '/sick/ready', '500');
    await until('refusal', () => connectError(host, 81));

    t.equal(await talk(socket, 'two'), 'two');
    const rest = text(socket);
    socket.end('three');
    t.equal(await rest, 'threebye', 'what comes after our end is still heard');
  });
}

async function createService(
  t: Test,
  world: World,
  pods: readonly string[],
): Promise<{ room: Room; host: string; url: string }> {
  const room = await createRoom(t, world);
  const labels = { role: 'server' };
  const ports = [
    { name: 'web', port: 80, targetPort: 'web' },
    { name: 'echo', port: 81, targetPort: 9000 },
  ];
  await room.create('services', {
    metadata: { name: 'server' },
    spec: { selector: labels, ports },
  });
  for (const name of pods) {
    await room.run(name, {
      env: [{ name: 'TCP_PORT', value: '9000' }],
      ports: [{ name: 'web', containerPort: 8080 }],
      readinessProbe: {
        httpGet: { path: '/health/ready', port: 'web' },
        periodSeconds: 1,
        failureThreshold: 1,
      },
    });
    await room.patch(`pods/${name}`, { metadata: { labels } });
    await room.untilPod(name, isReady);
  }
  const service = await room.get<Service>('services/server');
  const host = service?.spec.clusterIP ?? '';
  for (const name of pods) {
    await until(`${name} behind the Service`, async () => (await askAt(`http://${host}/whoami`)) === name || undefined);
  }
  return { room, host, url: `http://${host}` };
}

/** How a new connection fails; nothing if it is still there when the other side has had time to break it. */
async function connectError(host: string, port: number): Promise<string | undefined> {
  const socket = connect({ host, port });
  socket.setTimeout(200, () => socket.destroy());
  socket.resume();
  try {
    await once(socket, 'close');
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : undefined;
  }
}

async function talk(socket: Socket, word: string): Promise<string> {
  socket.write(word);
  const [data] = await once(socket, 'data');
  return String(data);
}

function byName(one: unknown, other: unknown): number {
  return String(one).localeCompare(String(other));
}
