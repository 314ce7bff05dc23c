import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import t, { type Test } from 'tap';
import { runRenewer } from '../../src/main.ts';

const HOST = '127.0.0.1';

/** A port on which no process listens now. */
async function freePort(): Promise<string> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return String(typeof address === 'object' ? address?.port : address);
}

/** Runs the renewer until the probe answers, and stops it. @returns what its two probes say */
async function probe(t: Test, environment: Environment) {
  const port = await freePort();
  const stop = new AbortController();
  const base = { HOST, OPS_PORT: port, POD_NAME: 'p', POD_NAMESPACE: 'n', LOG_LEVEL: 'error' };
  const running = runRenewer({ ...base, TLS_MODE: 'none', ...environment }, stop.signal);
  const ended = running.then(() => 'ended well', String);
  t.teardown(() => stop.abort());
  const ask = (path: string) => fetch(`http://${HOST}:${port}${path}`);
  const isOver = ended.then(() => true);
  const isUp = () =>
    ask('/livez').then(
      () => true,
      () => false,
    );
  while (!(await isUp())) {
    if (await Promise.race([isOver, Promise.resolve(false)])) throw new Error(await ended);
  }
  const answers = await Promise.all(['/livez', '/readyz'].map(ask));
  const [live, ready] = await Promise.all(
    answers.map(async (answer) => ({ status: answer.status, text: await answer.text() })),
  );
  stop.abort();
  return { live, ready, ended: await ended };
}

t.test('with a wrong configuration it lives and is never ready', async (t) => {
  const { live, ready, ended } = await probe(t, { AWS_REGION: 'Frankfurt' });
  t.equal(live?.status, 200);
  const reason = 'the configuration is wrong: the log names the setting\n';
  t.same(ready, { status: 503, text: reason });
  t.match(ended, /AWS_REGION="Frankfurt": is not an AWS region/);
});

t.test('with a right one it is ready, whatever the API server and AWS say', async (t) => {
  const config = JSON.stringify({
    clusters: [{ name: 'gone', cluster: { server: `https://${HOST}:1` } }],
    contexts: [{ name: 'gone', context: { cluster: 'gone', user: 'absent' } }],
    users: [{ name: 'absent', user: {} }],
    'current-context': 'gone',
  });
  const folder = t.testdir({ config });
  const { live, ready, ended } = await probe(t, {
    AWS_REGION: 'us-east-1',
    KUBECONFIG: join(folder, 'config'),
    TLS_DIR: folder,
  });
  t.equal(live?.status, 200);
  t.same(ready, { status: 200, text: 'ok\n' });
  t.equal(ended, 'ended well');
});
