import assert from 'node:assert/strict';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { createMovableClock } from '@ecr-pull-secrets/shared/testing/movable-clock.ts';
import t from 'tap';
import { readRenewerConfiguration } from '../src/configuration.ts';
import { createKubeClient } from '../src/kube/client.ts';
import { createRenewerMetrics } from '../src/metrics.ts';
import { createNamespaceReports } from '../src/pull-secrets/namespace-reports.ts';
import { createPullSecretController } from '../src/pull-secrets/pull-secret-controller.ts';
import { type Exchange, startApiStandIn } from './support/api-stand-in.ts';
import { list, until } from './support/follower.ts';

const document = {
  dockerConfigJson: '{"auths":{}}',
  expiresAtMs: Date.now() + 3_600_000,
  renewedAtMs: Date.now(),
  recipe: 'r',
  isComplete: true,
};

t.test(
  'a namespace that turns out to be dying is no trouble, others that refuse are',
  async (t) => {
    const api = await startApiStandIn();
    const stop = new AbortController();
    const { signal } = stop;
    const notices: string[] = [];
    const lines: string[] = [];
    const client = createKubeClient({
      credentials: async () => ({ server: api.address, authorization: undefined, tls: {} }),
      userAgent: 'test',
    });
    const logger = createLogger({
      level: 'info',
      format: 'json',
      name: 'test',
      destination: { write: (line) => lines.push(line) },
    });
    const controller = createPullSecretController({
      configuration: readRenewerConfiguration({ POD_NAME: 'p', POD_NAMESPACE: 'home' }),
      client,
      clock: createMovableClock(),
      random: () => 1,
      logger,
      metrics: createRenewerMetrics(createMetricsRegistry()),
      documents: { documentFor: () => document, requestsFor: () => [], setTokens: () => undefined },
      reports: createNamespaceReports({
        secretName: 'ecr-pull-secret',
        notify: async ({ namespace }) => void notices.push(namespace),
        logger,
      }),
      onRoles: () => undefined,
      signal,
    });
    const running = controller.run();
    t.teardown(async () => {
      stop.abort();
      await running;
      await client.close();
      await api.close();
    });

    const labels = { 'ecr-pull-secrets.io/inject': 'enabled' };
    const namespaces = ['dying', 'full'].map((name) => ({ metadata: { name, labels } }));
    const writes: Exchange[] = [];
    while (writes.length < namespaces.length) {
      const exchange = await api.next();
      if (exchange.request.method === 'PATCH') writes.push(exchange);
      else if (!exchange.url.searchParams.has('watch'))
        exchange.json(
          exchange.url.pathname.endsWith('/namespaces') ? list('1', ...namespaces) : list('1'),
        );
    }
    const writeOf = (namespace: string): Exchange => {
      const found = writes.find(({ url }) => url.pathname.includes(`/${namespace}/`));
      assert.ok(found);
      return found;
    };
    const causes = [{ reason: 'NamespaceTerminating' }];
    writeOf('dying').json({ kind: 'Status', reason: 'Forbidden', details: { causes } }, 403);
    await writeOf('dying').closed;
    writeOf('full').json({ kind: 'Status', reason: 'Forbidden', message: 'quota' }, 403);

    await until('the Event', () => notices.length > 0);
    t.same(notices, ['full']);
    t.notMatch(lines.join(''), /dying/);
  },
);
