import t from 'tap';
import type { Clock } from '../../src/runtime/clock.ts';
import { startStopwatch } from '../../src/runtime/stopwatch.ts';
import { createFakeClock } from '../../testing/fake-clock.ts';

function movableWorld() {
  const time = createFakeClock();
  let leaptMs = 0;
  const clock: Clock = { now: () => time.now() + leaptMs, sleep: (ms, signal) => time.sleep(ms, signal) };
  return { time, clock, leap: (ms: number) => void (leaptMs += ms) };
}

t.test('it measures the time that passes', async (t) => {
  const { time, clock } = movableWorld();
  const stop = startStopwatch(clock);
  await time.advance(12_345);
  t.equal(stop(), 12_345);
  await time.advance(5_000);
});

t.test('the time for which the process stood still, or by which the clock was set, does not count', async (t) => {
  for (const leapMs of [21_000, -3_600_000, 86_400_000]) {
    const { time, clock, leap } = movableWorld();
    const stop = startStopwatch(clock);
    await time.advance(1_500);
    leap(leapMs);
    await time.advance(1_500);
    const tookMs = stop();
    t.ok(tookMs >= 2_000 && tookMs <= 5_000, `${leapMs}: ${tookMs}`);
  }
});
