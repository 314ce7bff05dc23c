import { createLogger } from '../../src/logger.ts';
import { createObservable } from '../../src/runtime/observable.ts';
import { type ReconcileLoop, runReconcileLoop } from '../../src/runtime/reconcile-loop.ts';
import { createFakeClock } from '../../testing/fake-clock.ts';
import t, { type Test } from 'tap';

const RETRY = { baseMs: 1_000, capMs: 8_000 };

function startLoop(t: Test, controller: Pick<ReconcileLoop, 'reconcile'> & Partial<ReconcileLoop>) {
  const clock = createFakeClock();
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const logger = createLogger({
    level: 'info',
    format: 'json',
    name: 'test',
    destination: { write },
  });
  const stop = new AbortController();
  const loop = runReconcileLoop(
    { clock, random: () => 0.999, logger },
    { name: 'CA', resyncMs: 30_000, retry: RETRY, ...controller },
    stop.signal,
  );
  t.teardown(async () => {
    stop.abort();
    await loop;
  });
  return { clock, lines, stop, loop };
}

t.test('a loop reconciles at once, and again after the resync period', async (t) => {
  let runs = 0;
  const { clock } = startLoop(t, { reconcile: async () => void runs++ });
  await clock.advance(0);
  t.equal(runs, 1);
  await clock.advance(29_999);
  t.equal(runs, 1);
  await clock.advance(1);
  t.equal(runs, 2);
});

t.test('the result causes an earlier reconciliation, but never a later one', async (t) => {
  let runs = 0;
  const waits = [5_000, 90_000, -1];
  const { clock } = startLoop(t, { reconcile: async () => waits[runs++] });
  await clock.advance(5_000);
  t.equal(runs, 2);
  await clock.advance(30_000);
  // A time that has passed means now.
  t.equal(runs, 4);
});

t.test('a change of any input reconciles at once, also if it came during the reconciliation', async (t) => {
  const inputs = [createObservable(0), createObservable(0)] as const;
  let runs = 0;
  const reconcile = async (): Promise<void> => {
    if (runs++ === 0) inputs[0].set(1);
  };
  const { clock } = startLoop(t, { inputs, reconcile });
  await clock.advance(0);
  t.equal(runs, 2);
  inputs[1].set(1);
  await clock.advance(0);
  t.equal(runs, 3);
});

t.test('a failure is logged and retried after growing waits, which an input does not shorten', async (t) => {
  const input = createObservable(0);
  let runs = 0;
  const { clock, lines } = startLoop(t, {
    inputs: [input],
    reconcile: async () => {
      runs++;
      throw new Error('no route');
    },
  });
  await clock.advance(0);
  input.set(1);
  await clock.advance(900);
  t.equal(runs, 1);
  await clock.advance(100);
  t.equal(runs, 2);
  await clock.advance(1_000);
  t.equal(runs, 2);
  await clock.advance(1_000);
  t.equal(runs, 3);
  t.match(JSON.parse(lines[0] ?? ''), {
    msg: 'CA reconciliation failed',
    err: { message: 'no route' },
  });
});

t.test('a success starts the back-off anew', async (t) => {
  let runs = 0;
  const { clock, lines } = startLoop(t, {
    reconcile: async () => {
      if (runs++ % 2 === 0) throw new Error('no route');
      return 0;
    },
  });
  await clock.advance(10_000);
  t.equal(runs, 21);
  t.equal(lines.length, 11, 'each failure costs the first wait');
});

t.test('an expected failure is retried without a log line', async (t) => {
  let runs = 0;
  const { clock, lines } = startLoop(t, {
    isExpected: (error) => error instanceof RangeError,
    reconcile: async () => {
      if (runs++ === 0) throw new RangeError('conflict');
    },
  });
  await clock.advance(1_000);
  t.equal(runs, 2);
  t.same(lines, []);
});

t.test('the loop ends with the signal, without a log line for what the signal broke off', async (t) => {
  const { clock, lines, stop, loop } = startLoop(t, {
    reconcile: (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  });
  await clock.advance(0);
  stop.abort(new Error('stopped'));
  await loop;
  t.same(lines, []);
});
