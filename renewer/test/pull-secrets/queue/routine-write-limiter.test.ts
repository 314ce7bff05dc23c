import { createFakeClock, type FakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t from 'tap';
import { silent } from '@ecr-pull-secrets/kube/testing/candidates.ts';
import { createRoutineWriteLimiter } from '../../../src/pull-secrets/queue/routine-write-limiter.ts';

t.test('a rotation goes at its pace, and waits while there is a jam', async (t) => {
  const clock = createFakeClock();
  const stop = new AbortController();
  const started: string[] = [];
  let hasRoom = true;
  const rotation = createRoutineWriteLimiter(dependenciesOf(clock), {
    writesPerSecond: 20,
    hasRoom: () => hasRoom,
    release: (namespace) => started.push(namespace),
  });
  for (let i = 0; i < 100; i++) rotation.add(`n${i}`);
  rotation.add('n0');
  const running = rotation.run(stop.signal);
  await clock.advance(950);
  t.equal(started.length, 20);
  hasRoom = false;
  await clock.advance(5_000);
  t.equal(started.length, 20);
  hasRoom = true;
  await clock.advance(100);
  t.equal(started.length, 22, 'nothing was saved up');
  stop.abort();
  await running;
});

t.test('a pace of less than one write a second is kept too', async (t) => {
  const clock = createFakeClock();
  const stop = new AbortController();
  const started: string[] = [];
  const rotation = createRoutineWriteLimiter(dependenciesOf(clock), {
    writesPerSecond: 0.5,
    hasRoom: () => true,
    release: (namespace) => started.push(namespace),
  });
  for (const namespace of ['a', 'b', 'c']) rotation.add(namespace);
  const running = rotation.run(stop.signal);
  await clock.advance(4_500);
  t.equal(started.length, 2);
  stop.abort();
  await running;
});

t.test('a pace that is no multiple of ten is kept exactly, without a burst', async (t) => {
  for (const writesPerSecond of [1, 3, 5, 7, 15, 25, 99]) {
    const clock = createFakeClock();
    const stop = new AbortController();
    let started = 0;
    const rotation = createRoutineWriteLimiter(dependenciesOf(clock), {
      writesPerSecond,
      hasRoom: () => true,
      release: () => started++,
    });
    const running = rotation.run(stop.signal);
    await clock.advance(10_050);
    for (let i = 0; i < 2_000; i++) rotation.add(`n${i}`);
    await clock.advance(1_000);
    const inOneSecond = started;
    await clock.advance(9_000);
    stop.abort();
    await running;
    t.ok(inOneSecond <= writesPerSecond + 1, `${inOneSecond} in a second, of ${writesPerSecond}`);
    const wanted = 10 * writesPerSecond;
    t.ok(Math.abs(started - wanted) <= 1, `${started} in ten seconds, not ${wanted}`);
  }
});

function dependenciesOf(clock: FakeClock) {
  return { clock, random: () => 1, logger: silent };
}
