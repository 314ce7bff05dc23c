import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t from 'tap';
import { createAttemptLimiter } from '../../../src/pull-secrets/queue/attempt-limiter.ts';

const MINUTE_MS = 60_000;

const config = { planHash: 'r', renewedAtMs: 1 };

function paceOf() {
  const clock = createFakeClock();
  let aheadMs = 0;
  const pace = createAttemptLimiter({
    clock: { ...clock, now: () => clock.now() + aheadMs },
    random: () => 1,
  });
  const move = (ms: number): void => {
    aheadMs += ms;
  };
  return { pace, move };
}

t.test('the first write and three repairs wait for nothing, then waits grow', (t) => {
  const { pace, move } = paceOf();
  const waits: number[] = [];
  for (let write = 0; write < 15; write++) {
    const ms = pace.waitMs('a', config);
    waits.push(ms / 1_000);
    move(ms);
    pace.written('a', config);
  }
  t.same(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
  t.equal(pace.waitMs('b', config), 0);
  t.end();
});

t.test('a newer token, or another role, is another docker config', (t) => {
  const { pace } = paceOf();
  for (let write = 0; write < 8; write++) pace.written('a', config);
  t.ok(pace.waitMs('a', config) > 0);
  t.equal(pace.waitMs('a', { ...config, renewedAtMs: 2 }), 0);
  t.equal(pace.waitMs('a', { ...config, planHash: 's' }), 0);
  t.end();
});

t.test('attempts at the same version are one, since nothing changed in between', (t) => {
  const { pace } = paceOf();
  for (let attempt = 0; attempt < 20; attempt++) pace.missed('a', config, '7');
  t.equal(pace.waitMs('a', config), 0);
  for (let version = 8; version < 20; version++) pace.missed('a', config, String(version));
  t.ok(pace.waitMs('a', config) > 0);
  t.end();
});

t.test('a namespace without a write for ten minutes is forgotten, and returned once', (t) => {
  const { pace, move } = paceOf();
  for (let write = 0; write < 8; write++) pace.written('a', config);
  move(5 * MINUTE_MS);
  pace.written('b', config);
  t.same(pace.pruneIdle(), []);
  move(5 * MINUTE_MS);
  t.same(pace.pruneIdle(), ['a']);
  t.same(pace.pruneIdle(), []);
  t.equal(pace.waitMs('a', config), 0);
  t.end();
});

t.test('a clock that is set delays no write', (t) => {
  const { pace, move } = paceOf();
  for (let write = 0; write < 20; write++) pace.written('a', config);
  move(-600 * MINUTE_MS);
  t.equal(pace.waitMs('a', config), 0);
  t.end();
});
