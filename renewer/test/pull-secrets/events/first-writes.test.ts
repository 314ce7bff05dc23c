import type { EventContent } from '@ecr-pull-secrets/kube/event-recorder.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t from 'tap';
import { createFirstWrites } from '../../../src/pull-secrets/events/first-writes.ts';
import { NOW_MS } from '../../support/registry-tokens.ts';

function createTested() {
  const clock = createFakeClock(NOW_MS);
  const created: EventContent[] = [];
  const events = { add: (event: EventContent) => void created.push(event) };
  return { clock, created, firstWrites: createFirstWrites({ events, clock }, { pullSecretName: 's' }) };
}

t.test('the first write of a namespace is one Event, also if the secret is deleted again and again', (t) => {
  const { created, firstWrites } = createTested();
  for (let write = 0; write < 3; write++) firstWrites.written('a', NOW_MS);
  t.match(created, [{ namespace: 'a', type: 'Normal', reason: 'PullSecretWritten', message: /2026-01-01T00:00:00/ }]);
  t.equal(created.length, 1);
  firstWrites.forget('a');
  firstWrites.written('a', NOW_MS);
  t.equal(created.length, 2, 'another namespace of that name');
  t.end();
});

t.test('ten thousand first writes are no flood of Events', async (t) => {
  const { clock, created, firstWrites } = createTested();
  for (let index = 0; index < 10_000; index++) firstWrites.written(`n${index}`, NOW_MS);
  t.equal(created.length, 30);
  await clock.advance(60_000);
  firstWrites.written('later', NOW_MS);
  t.equal(created.length, 31);
});
