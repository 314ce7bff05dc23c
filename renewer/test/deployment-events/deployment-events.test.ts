import type { EventContent } from '@ecr-pull-secrets/kube/event-recorder.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t from 'tap';
import { createDeploymentEvents } from '../../src/deployment-events/deployment-events.ts';
import { createRenewerMetrics } from '../../src/metrics.ts';

const HOUR_MS = 3_600_000;

function createTested() {
  const clock = createFakeClock(Date.UTC(2026, 0, 1));
  const created: EventContent[] = [];
  const failing = { isOn: false };
  const recorder = {
    event: async (content: EventContent): Promise<boolean> => {
      if (!failing.isOn) created.push(content);
      return !failing.isOn;
    },
  };
  const involvedObject = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'ours', uid: 'u' };
  const metrics = createRenewerMetrics(createMetricsRegistry());
  const logger = createLogger({ level: 'silent', format: 'json', name: 'test' });
  const reference = async () => involvedObject;
  const events = createDeploymentEvents({ recorder, reference, clock, logger, metrics }, { namespace: 'ours' });
  return { events, clock, created, failing, metrics };
}

const REFUSED = { subject: 'token a', reason: 'AwsRefusedToken', message: 'refused' };

t.test('a problem is one Event, repeated each hour with the number of failures, and one when it is over', async (t) => {
  const { events, clock, created } = createTested();
  for (let minute = 0; minute < 150; minute++) {
    events.report(REFUSED);
    await clock.advance(60_000);
  }
  t.match(created, [
    {
      type: 'Warning',
      reason: 'AwsRefusedToken',
      namespace: 'ours',
      involvedObject: { uid: 'u' },
      series: { count: 1 },
    },
    { series: { count: 61, firstAtMs: Date.UTC(2026, 0, 1) } },
    { series: { count: 121 } },
  ]);
  t.equal(created.length, 3);
  events.resolve({ ...REFUSED, reason: 'RegistryTokenRenewed' });
  events.resolve({ ...REFUSED, reason: 'RegistryTokenRenewed' });
  await clock.advance(1_000);
  t.match(created.slice(3), [{ type: 'Normal', reason: 'RegistryTokenRenewed' }]);
  t.equal(created.length, 4);
});

t.test('a problem that changes or begins again is reported at once', async (t) => {
  const { events, clock, created } = createTested();
  events.resolve(REFUSED);
  events.report(REFUSED);
  events.report({ ...REFUSED, reason: 'AwsUnreachable' });
  events.resolve({ ...REFUSED, reason: 'RegistryTokenRenewed' });
  events.report(REFUSED);
  await clock.advance(1_000);
  t.same(
    created.map(({ reason }) => reason),
    ['AwsRefusedToken', 'AwsUnreachable', 'RegistryTokenRenewed', 'AwsRefusedToken'],
  );
});

t.test('two reasons that alternate, and many subjects, are no flood', async (t) => {
  const { events, clock, created, metrics } = createTested();
  for (let failure = 0; failure < 100; failure++) {
    events.report({ ...REFUSED, reason: failure % 2 ? 'AwsUnreachable' : 'AwsRefusedToken' });
    events.report({ ...REFUSED, subject: `token ${failure}` });
  }
  await clock.advance(1_000);
  t.equal(created.length, 20);
  const { values } = await metrics.events.get();
  t.match(values, [{ labels: { result: 'dropped' } }, { labels: { result: 'success' }, value: 20 }]);
  await clock.advance(HOUR_MS);
  events.report(REFUSED);
  await clock.advance(1_000);
  t.equal(created.length, 21);
});

t.test('an Event that could not be created is created at the next failure', async (t) => {
  const { events, clock, created, failing } = createTested();
  failing.isOn = true;
  for (let failure = 0; failure < 30; failure++) {
    events.report(REFUSED);
    await clock.advance(1_000);
  }
  failing.isOn = false;
  events.report(REFUSED);
  await clock.advance(1_000);
  t.match(created, [{ series: { count: 31 } }]);
});
