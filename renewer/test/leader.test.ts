import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import type { KubeClient, KubeRequest } from '@ecr-pull-secrets/kube/client.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import t from 'tap';
import { readRenewerConfiguration } from '../src/config/configuration.ts';
import { lead } from '../src/leader.ts';
import { createRenewerMetrics } from '../src/metrics.ts';
import { listenOnLoopback } from '@ecr-pull-secrets/shared/testing/listen.ts';

const ENVIRONMENT = {
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  AWS_REGION: 'us-east-1',
  POD_NAME: 'ours-0',
  POD_NAMESPACE: 'ours',
};

const REGISTRY = 'https://123456789012.dkr.ecr.us-east-1.amazonaws.com';

const unreachable = () => Promise.reject(new Error('no API server'));

const client: KubeClient = { request: unreachable, stream: unreachable, close: async () => {} };

async function startEcr() {
  const server = createServer((_request, response) => {
    const authorizationToken = Buffer.from('AWS:password').toString('base64');
    const proxyEndpoint = REGISTRY;
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.end(JSON.stringify({ authorizationData: [{ authorizationToken, proxyEndpoint }] }));
  });
  // It never ends a connection by itself.
  server.keepAliveTimeout = 0;
  const connected = once(server, 'connection');
  return { server, connected, port: await listenOnLoopback(server) };
}

t.test('the connections to AWS end with the leadership', async (t) => {
  const { server, connected, port } = await startEcr();
  t.teardown(() => server.close().closeAllConnections());
  const value = { ...ENVIRONMENT, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` };
  t.intercept(process, 'env', { value });
  const gotToken = Promise.withResolvers<void>();
  const write = (line: string): void => {
    if (line.includes('got a registry token')) gotToken.resolve();
  };
  const stopping = new AbortController();
  const leading = lead(
    {
      client,
      clock: systemClock,
      random: Math.random,
      logger: createLogger({ level: 'info', format: 'json', name: 'a', destination: { write } }),
      metrics: createRenewerMetrics(createMetricsRegistry()),
    },
    readRenewerConfiguration(ENVIRONMENT),
    { serve: async () => {}, lead: async () => {} },
    { signal: stopping.signal, isHeld: () => true },
  );
  await gotToken.promise;
  const [socket]: Socket[] = await connected;
  const isClosed = once(socket ?? t, 'close').then(() => true);
  stopping.abort();
  await leading;
  t.ok(await Promise.race([isClosed, systemClock.sleep(2_000).then(() => false)]));
});

t.test('a new leader drops the tokens of the checkpoint that its configuration cannot request', async (t) => {
  const configuration = readRenewerConfiguration(ENVIRONMENT);
  const obtainedAtMs = Date.now();
  const token = {
    username: 'AWS',
    password: 'p',
    registry: REGISTRY,
    obtainedAtMs,
    expiresAtMs: obtainedAtMs + 12 * 3_600_000,
  };
  const tokens = { 'ecr us-east-1': token, 'ecr eu-west-1': token };
  const content = JSON.stringify({ version: 1, caller: configuration.awsCaller, tokens });
  const secret = { metadata: { resourceVersion: '1' }, data: { 'tokens.json': encode(content) } };
  const written = Promise.withResolvers<string>();
  const request = async ({ method, path, body }: KubeRequest): Promise<unknown> => {
    if (!path.endsWith('-tokens')) return unreachable();
    if (method === 'PATCH') written.resolve(JSON.stringify(body));
    return secret;
  };
  const stopping = new AbortController();
  const leading = lead(
    {
      client: { ...client, request: request as KubeClient['request'] },
      clock: systemClock,
      random: Math.random,
      logger: createLogger({ level: 'silent', format: 'json', name: 'a' }),
      metrics: createRenewerMetrics(createMetricsRegistry()),
    },
    configuration,
    { serve: async () => {}, lead: async () => {} },
    { signal: stopping.signal, isHeld: () => true },
  );
  const body: { data: Record<string, string> } = JSON.parse(
    await Promise.race([written.promise, systemClock.sleep(5_000, stopping.signal).then(() => '{"data":{}}')]),
  );
  stopping.abort();
  await leading;
  const saved = Buffer.from(body.data['tokens.json'] ?? '', 'base64').toString();
  t.match(saved, 'ecr us-east-1');
  t.notMatch(saved, 'ecr eu-west-1');
});

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}
