import { request } from 'node:https';
import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Test } from 'tap';
import { createRoom, parallel, until, type World } from './world.ts';

const COUNT = ['-e', 'for (const n of [1, 2, 3]) console.log(n); setTimeout(() => console.log(4), 500)'];

/** What `kubectl logs` gets from the API server, which gets it from the node. */
export function testLogs(t: Test, world: World): void {
  t.test('the API server has the logs of a container, from the end and while it runs', parallel(), async (t) => {
    const room = await createRoom(t, world);
    const logs = async (query: Record<string, string | number | boolean> = {}) => {
      const path = `/api/v1/namespaces/${room.name}/pods/counting/log`;
      return text(await world.client.stream({ method: 'GET', path, query }));
    };
    await room.run('counting', { command: [process.execPath, ...COUNT] }, { restartPolicy: 'Never' });
    await until('its first lines', async () => (await logs().catch(() => '')) || undefined);

    t.equal(await logs({ follow: true }), '1\n2\n3\n4\n', 'until its end');
    t.equal(await logs({ tailLines: 2 }), '3\n4\n');
    t.equal(await logs({ tailLines: 2, follow: true }), '3\n4\n');
    t.equal(await logs({ tailLines: 0 }), '');
    await t.rejects(logs({ timestamps: true }), /the local node does not support timestamps of logs/);
  });

  t.test('no one else has them', parallel(), async (t) => {
    const node = await world.client.request<{ status: { daemonEndpoints: { kubeletEndpoint: { Port: number } } } }>({
      method: 'GET',
      path: '/api/v1/nodes/local-node',
    });
    const { Port: port } = node.status.daemonEndpoints.kubeletEndpoint;
    const sent = request({ host: '127.0.0.1', port, path: '/containerLogs/a/b/c', rejectUnauthorized: false });
    sent.end();
    const [response] = await once(sent, 'response');
    if (!(response instanceof IncomingMessage)) throw new TypeError('no HTTP response');
    t.equal(response.statusCode, 401);
    t.equal(await text(response), 'only the API server may read logs here\n');
  });
}
