import t from 'tap';
import { createObservable, firstChange, type ObservableWait } from '../../src/runtime/observable.ts';
import { createFakeClock } from '../../testing/fake-clock.ts';

const HOUR_MS = 3_600_000;

t.test('a change, the timeout or the signal ends a wait', async (t) => {
  const clock = createFakeClock();
  const stop = new AbortController();
  const wait = { clock, withinMs: HOUR_MS, signal: stop.signal };
  const value = createObservable('a');

  const changed = value.changedFrom('a', wait);
  value.set('b');
  await changed;
  t.equal(value.get(), 'b');
  await value.changedFrom('a', wait);
  t.pass('a value that differs already does not wait');

  const timedOut = value.changedFrom('b', wait);
  await clock.advance(HOUR_MS);
  await timedOut;

  const aborted = value.changedFrom('b', wait);
  stop.abort();
  await aborted;
  await value.changedFrom('b', wait);
  t.pass('nothing waits after the signal');
});

t.test('the first of several changes ends the waits for the others', async (t) => {
  const clock = createFakeClock();
  const wait = { clock, withinMs: HOUR_MS, signal: new AbortController().signal };
  const values = [createObservable(0), createObservable(0)] as const;
  let ended = 0;
  const changes = values.map((value) => async (inner: ObservableWait) => {
    await value.changedFrom(0, inner);
    ended++;
  });

  const first = firstChange(wait, changes);
  values[1].set(1);
  await first;
  await clock.advance(0);
  t.equal(ended, 2);
});
