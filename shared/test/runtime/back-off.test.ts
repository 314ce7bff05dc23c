import t from 'tap';
import { backOffMs } from '../../src/runtime/back-off.ts';

t.test('waits grow with the failures up to the cap, and are random', (t) => {
  const backOff = { baseMs: 100, capMs: 1_000 };
  t.same(
    [0, 1, 2, 3, 4, 999].map((n) => backOffMs(n, backOff, () => 1)),
    [100, 200, 400, 800, 1000, 1000],
  );
  t.equal(
    backOffMs(3, backOff, () => 0),
    0,
  );
  t.end();
});
