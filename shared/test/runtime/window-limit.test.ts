import t from 'tap';
import { createWindowLimit } from '../../src/runtime/window-limit.ts';

t.test('a window has so many places, which are free again after it, or if they are given back', (t) => {
  let nowMs = 1_000_000;
  const limit = createWindowLimit({ clock: { now: () => nowMs } }, { most: 2, windowMs: 60_000 });
  const first = limit.take();
  t.ok(limit.take());
  t.equal(limit.take(), undefined);
  if (first) limit.giveBack(first);
  t.ok(limit.take());
  t.equal(limit.take(), undefined, 'only one of those that were taken at this time was given back');
  nowMs += 59_999;
  t.equal(limit.take(), undefined);
  nowMs += 1;
  t.ok(limit.take());
  t.ok(limit.take());
  nowMs -= 3_600_000;
  t.ok(limit.take(), 'after the clock was set back');
  t.end();
});
