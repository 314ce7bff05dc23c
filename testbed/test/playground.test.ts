import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import t, { type Test } from 'tap';
import { findProcesses } from '../src/local-cluster/remains.ts';
import { findLeaks } from '../src/playground/leaks.ts';
import { openTogether } from '../src/playground/opened.ts';
import { startPlayground } from '../src/playground/playground.ts';
import { chooseServicePort, requireFreePodPorts } from '../src/playground/ports.ts';

/** Listens until the test is over, and returns the port. */
async function listen(t: Test, host: string, port = 0): Promise<number> {
  const server = createServer((socket) => socket.destroy()).listen(port, host);
  t.teardown(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('no TCP address');
  return address.port;
}

/** Things that note when they are closed; those that are named cannot be. */
function createThings(...broken: readonly string[]) {
  const closed: string[] = [];
  const thing = (name: string) => ({
    close: async () => {
      closed.push(name);
      if (broken.includes(name)) throw new Error(`${name} is stuck`);
    },
  });
  return { closed, thing };
}

t.test('what was opened is closed, the last first, whatever happens to the others', async (t) => {
  const { closed, thing } = createThings('node', 'ecr');
  const { close } = await openTogether(async (opened) => {
    for (const name of ['cluster', 'ecr', 'node', 'client']) opened.add(thing(name));
    return opened;
  });

  await t.rejects(close(), { message: 'node is stuck; then ecr is stuck' });
  await close();

  t.same(closed, ['client', 'node', 'ecr', 'cluster']);
});

t.test('if one thing cannot be opened, those before it are closed', async (t) => {
  const { closed, thing } = createThings('cluster');
  const opening = openTogether(async (opened) => {
    opened.add(thing('cluster'));
    opened.add(thing('ecr'));
    throw new Error('the bundle is broken');
  });

  await t.rejects(opening, { message: 'the bundle is broken; then cluster is stuck' });

  t.same(closed, ['ecr', 'cluster']);
});

t.test('a port that the pods need and another program has at all addresses is named', async (t) => {
  const port = await listen(t, '0.0.0.0');
  const dualStack = await listen(t, '::');
  const loopback = await listen(t, '127.0.0.1');

  for (const taken of [port, dualStack]) {
    await t.rejects(requireFreePodPorts([loopback, taken]), {
      message: new RegExp(`^port ${taken} is taken: .*sport = :${taken}.* Stop it`),
    });
  }
  await t.resolves(requireFreePodPorts([loopback]), 'one address is not all');
});

t.test('the Service gets the first port that no program has at all addresses', async (t) => {
  const taken = await listen(t, '0.0.0.0');
  const free = await listen(t, '127.0.0.1');

  t.equal(await chooseServicePort([taken, free]), free);
  await t.rejects(chooseServicePort([taken]), { message: /^the ports \d+ are all taken/ });
});

t.test('a playground whose installation fails', async (t) => {
  const playground = await startPlayground({ restartBackOff: { baseMs: 100, capMs: 1_000 } });
  t.teardown(() => playground.close());
  const { api, cluster, ecr, node } = playground;

  await t.test('shows why the pods of a failed installation are not ready', async (t) => {
    for (const pod of [1, 2]) await listen(t, `${cluster.podCidrPrefix}.1.${pod}`, 9402);

    const message = await playground.install({}, { withinSeconds: 8 }).then(() => '', describeError);

    t.match(message, /^helm upgrade failed: /);
    const pods = message.split(/^pod ecr-pull-secrets-\S+ is not ready:$/m).slice(1);
    t.equal(pods.length, 2);
    for (const pod of pods) {
      t.match(pod, /^  webhook: .*not ready, restarts: \d+, before that ended with exit code 1$/m);
      t.match(pod, /^    .*EADDRINUSE.*9402/m);
      t.match(pod, /^  renewer: running, ready$/m);
    }
    for (const secret of ecr.secrets()) t.notOk(message.includes(secret));
  });

  await t.test('searches its logs for secrets although the API server is away', async (t) => {
    const logDirectory = join(cluster.directory, node.name, 'logs');
    await mkdir(join(logDirectory, 'planted'));
    await writeFile(join(logDirectory, 'planted', 'leak.log'), `x ${ecr.secrets()[0]} y`);
    await killApiServer(cluster.directory);
    const warnings: string[] = [];
    const warn = (line: string): void => void warnings.push(line);

    t.same(await findLeaks({ api, node, ecr, logDirectory, warn }), ['the log leak.log']);

    t.match(warnings, [
      /^not searched for secrets: all places, for the key of the CA: GET /,
      /^not searched for secrets: metrics: GET /,
      /^not searched for secrets: Events: GET /,
    ]);
  });

  await t.test('leaves nothing behind, and reports the secret', async (t) => {
    await t.rejects(playground.close(), { message: 'secrets may have leaked: the log leak.log' });

    t.notOk(existsSync(cluster.directory));
    t.same(await findProcesses(cluster.directory), []);
    await t.rejects(fetch(ecr.endpoint), { cause: { code: 'ECONNREFUSED' } });
  });
});

async function killApiServer(directory: string): Promise<void> {
  for (const pid of await findProcesses(directory)) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    if (commandLine.split('\0')[0]?.endsWith('/kube-apiserver')) process.kill(pid, 'SIGKILL');
  }
}
