import { type ChildProcess, spawn } from 'node:child_process';
import dns from 'node:dns';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import t, { type Test } from 'tap';
import { createKubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { createAwsRequestHandler } from '../../src/network/aws-request-handler.ts';

/** A server whose queue of connections holds two; it answers as ECR does, which the API client takes too. */
const SERVER = `
  const server = require('node:http').createServer((request, response) =>
    request.resume().on('end', () => response.end('{"authorizationData":[]}')));
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));
`;

const HOST = 'far.invalid';

/** Longer than Node waits for an address by itself, and shorter than Linux waits before its second SYN. */
const FAR_MS = 500;

interface FarHost {
  readonly port: number;
  readonly server: ChildProcess;
}

/** A host that drops the first packet of each connection, until its server goes on. */
async function startFarHost(t: Test): Promise<FarHost> {
  const server = spawn(process.execPath, ['--eval', SERVER], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said]: unknown[] = await once(server.stdout, 'data');
  server.kill('SIGSTOP');
  const port = Number(String(said));
  const queued: Socket[] = [];
  t.teardown(() => {
    for (const socket of queued) socket.destroy();
    server.kill('SIGKILL');
  });
  for (let isFull = false; !isFull; ) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    queued.push(socket);
    isFull = (await Promise.race([once(socket, 'connect'), delay(200, 'full')])) === 'full';
  }
  return { port, server };
}

/** Gives the host a far address, then one where nothing listens, as a network without IPv6 has it. */
function resolveHost(t: Test): void {
  const addresses = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];
  const lookup = (_: string, __: unknown, answer: (error: null, all: unknown) => void): void =>
    void setImmediate(answer, null, addresses);
  t.intercept(dns, 'lookup', { value: lookup });
}

const skip = process.platform === 'linux' ? false : 'only Linux drops packets for a full queue';

t.test('a far host is reached although its last address is dead', { skip }, async (t) => {
  const { port, server } = await startFarHost(t);
  resolveHost(t);
  const address = `http://${HOST}:${port}`;
  const aws = new ECRClient({
    endpoint: address,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIA', secretAccessKey: 'key' },
    maxAttempts: 1,
    requestHandler: createAwsRequestHandler({}),
  });
  const credentials = async () => ({ server: address, authorization: undefined, tls: {} });
  const apiServer = createKubeClient({ credentials, userAgent: 'test' });
  t.teardown(() => apiServer.close());
  t.teardown(() => aws.destroy());

  const answers = Promise.all([
    aws.send(new GetAuthorizationTokenCommand({})),
    apiServer.request({ method: 'GET', path: '/api' }),
  ]);
  await Promise.race([answers, delay(FAR_MS)]);
  server.kill('SIGCONT');
  t.match(await answers, [{ authorizationData: [] }, { authorizationData: [] }]);
});
