import { setImmediate as nextTurn } from 'node:timers/promises';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t, { type Test } from 'tap';
import type { EventContent, EventRecorder } from '@ecr-pull-secrets/kube/event-recorder.ts';
import { createRenewerMetrics } from '../../../src/metrics.ts';
import { createEventQueue } from '../../../src/pull-secrets/events/event-queue.ts';

function contentOf(namespace: string, reason: string, message = 'text'): EventContent {
  return {
    namespace,
    involvedObject: { apiVersion: 'v1', kind: 'Secret', name: 's' },
    reason,
    message,
  };
}

/** A queue whose Events are created at once, unless their namespace hangs. */
function start(t: Test, maxWaiting = 5_000) {
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const clock = createFakeClock();
  const warnings: string[] = [];
  const requested: EventContent[] = [];
  const hanging = new Set<string>();
  const registry = createMetricsRegistry();
  const logger = createLogger({
    level: 'warn',
    format: 'json',
    name: 'test',
    destination: { write: (line) => warnings.push(line) },
  });
  const recorder: EventRecorder = {
    event: async (content, signal) => {
      requested.push(content);
      await nextTurn();
      if (!hanging.has(content.namespace)) return true;
      await clock.sleep(5_000, signal);
      return false;
    },
  };
  const metrics = createRenewerMetrics(registry);
  const queue = createEventQueue({ recorder, clock, random: () => 1, logger, metrics }, { maxWaiting }, stop.signal);
  return { queue, clock, warnings, requested, hanging, registry };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}

t.test('a namespace whose Events hang holds up no other', async (t) => {
  const { queue, clock, requested, hanging } = start(t);
  for (const namespace of ['h1', 'h2', 'h3']) {
    hanging.add(namespace);
    for (const reason of ['A', 'B', 'C']) queue.add(contentOf(namespace, reason));
  }
  for (let index = 0; index < 100; index++) queue.add(contentOf(`n${index}`, 'A'));
  await turns(500);
  const created = new Set(requested.map(({ namespace }) => namespace));
  t.equal(created.size, 103);
  t.equal(requested.length, 103, 'one at a time in each namespace');
  await clock.advance(5_000);
  queue.add(contentOf('late', 'A'));
  await turns(20);
  t.ok(requested.some(({ namespace }) => namespace === 'late'));
  await clock.advance(300_000);
  t.equal(requested.filter(({ namespace }) => namespace === 'h1').length, 3, 'the others follow');
});

for (const [hangingCount, withinMs] of [
  [4, 500],
  [50, 7_000],
] as const) {
  t.test(`${hangingCount} namespaces whose Events hang hold up others for ${withinMs} ms at most`, async (t) => {
    const { queue, clock, requested, hanging, registry } = start(t);
    for (let index = 0; index < hangingCount; index++) hanging.add(`h${index}`);
    for (const namespace of hanging) {
      for (const reason of ['A', 'B', 'C']) queue.add(contentOf(namespace, reason));
    }
    const isRequested = (wanted: string) => requested.some(({ namespace }) => namespace === wanted);
    queue.add(contentOf('first', 'A'));
    await turns(50);
    for (let ms = 0; ms < withinMs; ms += 100) {
      await clock.advance(100);
      await turns(5);
    }
    t.ok(isRequested('first'));

    await clock.advance(600_000);
    for (const namespace of hanging) {
      const reasons = requested.filter((one) => one.namespace === namespace).map(({ reason }) => reason);
      t.strictSame([...new Set(reasons)], ['A', 'B', 'C'], 'the others follow');
    }
    t.match(await registry.metrics(), `events_total{result="error"} ${3 * hangingCount}`);
  });
}

t.test('a namespace with a thousand Events takes its turn with the others', async (t) => {
  const { queue, requested } = start(t);
  for (let index = 0; index < 1_000; index++) {
    queue.add(contentOf('loud', ['A', 'B', 'C', 'D'][index % 4] ?? '', `text ${index}`));
  }
  for (let index = 0; index < 10; index++) queue.add(contentOf(`n${index}`, 'A'));
  await turns(200);
  const loud = requested.filter(({ namespace }) => namespace === 'loud');
  t.ok(loud.length <= 5, `${loud.length} Events`);
  t.equal(loud.find(({ reason }) => reason === 'B')?.message, 'text 997', 'the newest words');
  t.equal(new Set(requested.map(({ namespace }) => namespace)).size, 11);
  const last = requested.findLastIndex(({ namespace }) => namespace === 'loud');
  t.ok(requested.findIndex(({ namespace }) => namespace === 'n2') < last, 'in turns');
});

t.test('Events beyond the limit are dropped, counted and logged once', async (t) => {
  const { queue, requested, warnings, registry } = start(t, 10);
  for (let index = 0; index < 100; index++) queue.add(contentOf(`n${index}`, 'A'));
  await turns(200);
  t.equal(requested.length, 10, 'those under way are counted');
  t.equal(warnings.length, 1);
  t.match(await registry.metrics(), 'events_total{result="dropped"} 90');
  t.match(await registry.metrics(), 'events_total{result="success"} 10');
  queue.add(contentOf('later', 'A'));
  await turns(5);
  t.equal(requested.length, 11, 'and then there is room again');
});

t.test('if too many wait, the namespace that has most of them makes room for others', async (t) => {
  const { queue, clock, requested, hanging, registry } = start(t, 14);
  for (const namespace of ['h1', 'h2', 'h3', 'h4']) {
    hanging.add(namespace);
    queue.add(contentOf(namespace, 'A'));
  }
  await turns(10);
  for (let index = 0; index < 20; index++) queue.add(contentOf('loud', `R${index}`));
  for (const namespace of ['n1', 'n2', 'n3']) queue.add(contentOf(namespace, 'A'));
  queue.add(contentOf('loud', 'another'));
  await clock.advance(1_000);
  await turns(50);

  const created = requested.map(({ namespace, reason }) => `${namespace} ${reason}`).slice(4);
  const ofLoud = Array.from({ length: 7 }, (_, index) => `loud R${index}`);
  t.strictSame(created.toSorted(), [...ofLoud, 'n1 A', 'n2 A', 'n3 A']);
  t.match(await registry.metrics(), 'events_total{result="dropped"} 14');
});

t.test('no Event is created in a namespace that is gone', async (t) => {
  const { queue, requested } = start(t);
  for (const namespace of ['a', 'b', 'c', 'd', 'gone']) queue.add(contentOf(namespace, 'A'));
  queue.forget('gone');
  await turns(50);
  t.notOk(requested.some(({ namespace }) => namespace === 'gone'));
});
