import t from 'tap';
import { systemClock } from '../../src/runtime/clock.ts';

t.test('a sleep ends at once when its signal aborts, and never rejects', async (t) => {
  const controller = new AbortController();
  const sleeping = systemClock.sleep(60_000, controller.signal);
  controller.abort();
  await sleeping;
  await systemClock.sleep(60_000, controller.signal);
  t.pass();
});
