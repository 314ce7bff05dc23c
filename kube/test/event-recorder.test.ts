import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t, { type Test } from 'tap';
import { createKubeClient } from '../src/client.ts';
import { createEventRecorder } from '../src/event-recorder.ts';
import { startApiStandIn } from '../testing/api-stand-in.ts';

async function startRecorder(t: Test) {
  const api = await startApiStandIn();
  const stop = new AbortController();
  const warnings: string[] = [];
  const client = createKubeClient({
    credentials: async () => ({ server: api.address, authorization: undefined, tls: {} }),
    userAgent: 'test',
  });
  t.teardown(async () => {
    await client.close();
    await api.close();
  });
  const logger = createLogger({
    level: 'warn',
    format: 'json',
    name: 'test',
    destination: { write: (line) => warnings.push(line) },
  });
  const clock = createFakeClock();
  const recorder = createEventRecorder({ client, clock, logger }, { instance: 'pod' }, stop.signal);
  const involvedObject = { apiVersion: 'v1', kind: 'Secret', name: 's' };
  return {
    api,
    stop,
    warnings,
    event: (namespace: string) =>
      recorder.event({ namespace, involvedObject, reason: 'Reason', message: 'x'.repeat(2_000) }),
  };
}

t.test('a stop does not wait for an Event', async (t) => {
  const { api, stop, warnings, event } = await startRecorder(t);
  const recorded = event('a');
  const exchange = await api.next();
  const startMs = Date.now();
  stop.abort();
  await recorded;
  t.ok(Date.now() - startMs < 1_000);
  await exchange.closed;
  t.same(warnings, []);
});

t.test('Events that cannot be created are logged once, for all namespaces', async (t) => {
  const { api, warnings, event } = await startRecorder(t);
  for (const namespace of ['a', 'b', 'c']) {
    const recorded = event(namespace);
    const message = `events is forbidden: no right in the namespace "${namespace}"`;
    (await api.next()).json({ kind: 'Status', reason: 'Forbidden', message }, 403);
    await recorded;
  }
  t.equal(warnings.length, 1);
});
