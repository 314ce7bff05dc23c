import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import t from 'tap';
import { readRenewerConfiguration } from '../src/config/configuration.ts';
import { lead } from '../src/leader.ts';
import { createRenewerMetrics } from '../src/metrics.ts';
import { startWorld } from './support/reconciler-world.ts';
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
  const waiting = new AbortController();
  t.ok(await Promise.race([isClosed, systemClock.sleep(2_000, waiting.signal).then(() => false)]));
  waiting.abort();
});

t.test('a new leader drops the tokens of the checkpoint that its configuration cannot request', async (t) => {
  const written: string[] = [];
  const world = await startWorld(t, async (exchange) => {
    const { method, url } = exchange.request;
    if (!url?.includes('-tokens')) return exchange.refuse(404);
    if (method === 'PATCH') written.push(await text(exchange.request));
    exchange.json({ metadata: { resourceVersion: '1' }, data: { 'tokens.json': encode(content) } });
  });
  const { dependencies, signal } = world;
  const obtainedAtMs = dependencies.clock.now();
  const expiresAtMs = obtainedAtMs + 12 * 3_600_000;
  const token = { username: 'AWS', password: 'p', registry: REGISTRY, obtainedAtMs, expiresAtMs };
  const configuration = readRenewerConfiguration(ENVIRONMENT);
  const tokens = { 'ecr us-east-1': token, 'ecr eu-west-1': token };
  const content = JSON.stringify({ version: 1, caller: configuration.awsCaller, tokens });
  const webhookTls = { serve: async () => {}, lead: async () => {} };
  world.run(() => lead(dependencies, configuration, webhookTls, { signal, isHeld: () => true }));
  for (let turn = 0; turn < 100 && written.length === 0; turn++) await world.pass(250);
  const { data }: { data: Record<string, string> } = JSON.parse(written[0] ?? '{"data":{}}');
  const saved = Buffer.from(data['tokens.json'] ?? '', 'base64').toString();
  t.match(saved, 'ecr us-east-1');
  t.notMatch(saved, 'ecr eu-west-1');
});

function encode(value: string): string {
  return Buffer.from(value).toString('base64');
}
