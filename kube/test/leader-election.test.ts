import t from 'tap';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import { type Leadership, runLeaderElection } from '../src/leader-election.ts';
import { type LeaseStore, microTime } from '../src/lease.ts';
import { candidate, createMemoryStore, silent } from '../testing/candidates.ts';

t.test('of two candidates one leads, and goes on leading', async (t) => {
  const clock = createFakeClock();
  const { store, holder } = createMemoryStore();
  const a = candidate('a', store, clock);
  const b = candidate('b', store, clock);
  await clock.advance(120_000);
  t.same([...a.history, ...b.history], ['led']);
  t.equal(holder(), 'a');
  a.stop();
  b.stop();
  await clock.advance(0);
  await Promise.all([a.done, b.done]);
});

t.test('a leader that stops releases the lease, and another leads within two seconds', async (t) => {
  const clock = createFakeClock();
  const { store, holder } = createMemoryStore();
  const a = candidate('a', store, clock);
  const b = candidate('b', store, clock);
  await clock.advance(10_000);
  a.stop();
  await clock.advance(2_000);
  t.same(a.history, ['led', 'stopped']);
  t.same(b.history, ['led']);
  t.equal(holder(), 'b');
  b.stop();
  await clock.advance(0);
  await Promise.all([a.done, b.done]);
});

t.test('a leader that vanished is followed once its lease ran out, not before', async (t) => {
  const clock = createFakeClock();
  const { store } = createMemoryStore();
  await store.write(
    undefined,
    { holderIdentity: 'gone', leaseDurationSeconds: 15, renewTime: microTime(clock.now()) },
    new AbortController().signal,
  );
  const b = candidate('b', store, clock);
  await clock.advance(14_000);
  t.same(b.history, []);
  await clock.advance(3_000);
  t.same(b.history, ['led']);
  b.stop();
  await clock.advance(0);
  await b.done;
});

t.test('a leader that cannot renew steps down before others may lead', async (t) => {
  const clock = createFakeClock();
  const { store, faults } = createMemoryStore();
  const a = candidate('a', store, clock);
  await clock.advance(4_000);
  faults.error = new Error('unreachable');
  await clock.advance(14_000);
  t.same(a.history, ['led', 'stopped']);
  faults.error = undefined;
  await clock.advance(4_000);
  t.same(a.history, ['led', 'stopped', 'led']);
  a.stop();
  await clock.advance(0);
  await a.done;
});

t.test('a leader that lost the lease to another process stops at its next renewal', async (t) => {
  const clock = createFakeClock();
  const { store } = createMemoryStore();
  const a = candidate('a', store, clock);
  await clock.advance(1_000);
  const signal = new AbortController().signal;
  await store.write(await store.read(signal), { holderIdentity: 'thief' }, signal);
  await clock.advance(2_000);
  t.same(a.history, ['led', 'stopped']);
  a.stop();
  await clock.advance(0);
  await a.done;
});

t.test('a leader whose renewal counted goes on leading if only the response was lost', async (t) => {
  const clock = createFakeClock();
  const { store, faults, holder } = createMemoryStore();
  const a = candidate('a', store, clock);
  await clock.advance(1_000);
  faults.responseLost = new Error('the response was lost');
  await clock.advance(30_000);
  t.equal(faults.responseLost, undefined);
  t.same(a.history, ['led']);
  faults.responseLost = new Error('the response was lost');
  await clock.advance(2_000);
  a.stop();
  await clock.advance(0);
  await a.done;
  t.equal(holder(), '', 'and can give it away');
});

t.test('a leader counts from when it sent its last good renewal', async (t) => {
  const clock = createFakeClock();
  const { store, faults } = createMemoryStore();
  const slow: LeaseStore = {
    read: (signal) => store.read(signal),
    write: async (...write) => {
      const lease = await store.write(...write);
      await clock.sleep(3_000);
      return lease;
    },
  };
  const a = candidate('a', slow, clock);
  // Acquired at 0 s with a response at 3 s, renewed at 5 s with a response at 8 s, then nothing more.
  await clock.advance(8_000);
  faults.error = new Error('unreachable');
  await clock.advance(6_000);
  t.same(a.history, ['led']);
  await clock.advance(2_500);
  t.same(a.history, ['led', 'stopped'], 'at 16 s: 5 s + 10 s, at the next check');
  a.stop();
  await clock.advance(0);
  await a.done;
});

t.test('a renewal of several slow requests ends before others may lead', async (t) => {
  const clock = createFakeClock();
  const { store, faults } = createMemoryStore();
  let isSlow = false;
  const slowly = async (signal: AbortSignal): Promise<void> => {
    if (!isSlow) return;
    await clock.sleep(3_000, signal);
    signal.throwIfAborted();
  };
  const slow: LeaseStore = {
    read: async (signal) => {
      await slowly(signal);
      return store.read(signal);
    },
    write: async (previous, spec, signal) => {
      await slowly(signal);
      if (isSlow) throw createError('ECRPS_LEASE_LOST', 'conflict');
      return store.write(previous, spec, signal);
    },
  };
  const a = candidate('a', slow, clock);
  await clock.advance(4_500);
  faults.error = new Error('unreachable');
  await clock.advance(6_500);
  faults.error = undefined;
  isSlow = true;
  // Renewed at 4 s; the next attempt is at 12 s, and three requests would last until 21 s.
  await clock.advance(5_900);
  t.same(a.history, ['led']);
  await clock.advance(200);
  t.same(a.history, ['led', 'stopped'], 'at 17 s: 4 s + 13 s');
  isSlow = false;
  await clock.advance(3_000);
  a.stop();
  await clock.advance(0);
  await a.done;
});

t.test('a leader that was frozen does not hold the lease any more before its timers fire', async (t) => {
  const clock = createFakeClock();
  let frozenMs = 0;
  const { store } = createMemoryStore();
  const stop = new AbortController();
  const holding: boolean[] = [];
  const lead = async ({ signal, isHeld }: Leadership): Promise<void> => {
    holding.push(isHeld());
    frozenMs = 13_000;
    holding.push(isHeld(), signal.aborted);
    stop.abort();
  };
  const frozenClock = {
    now: () => clock.now() + frozenMs,
    sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal),
  };
  const dependencies = { store, clock: frozenClock, random: () => 1, logger: silent };
  const done = runLeaderElection(dependencies, { identity: 'a', lead }, stop.signal);
  await clock.advance(4_000);
  await done;
  t.same(holding, [true, false, false]);
});

t.test('a clock that was set back delays no fail-over', async (t) => {
  const clock = createFakeClock();
  let setBackMs = 0;
  const { store } = createMemoryStore();
  await store.write(undefined, { holderIdentity: 'gone', leaseDurationSeconds: 15 }, new AbortController().signal);
  const b = candidate('b', store, { ...clock, now: () => clock.now() - setBackMs });
  await clock.advance(5_000);
  setBackMs = 3_600_000;
  await clock.advance(18_000);
  t.same(b.history, ['led']);
  b.stop();
  await clock.advance(0);
  await b.done;
});

t.test('a lease with odd numbers does not keep a candidate from leading', async (t) => {
  const clock = createFakeClock();
  const { store } = createMemoryStore();
  const largest = 2 ** 31 - 1;
  await store.write(
    undefined,
    { holderIdentity: 'thief', leaseDurationSeconds: largest, leaseTransitions: largest },
    new AbortController().signal,
  );
  const b = candidate('b', store, clock);
  await clock.advance(20_000);
  t.same(b.history, ['led']);
  t.match(await store.read(new AbortController().signal), { spec: { leaseTransitions: 0 } });
  b.stop();
  await clock.advance(0);
  await b.done;
});

t.test('the same failure is logged once a minute, even if every other request succeeds', async (t) => {
  const lines: string[] = [];
  const logger = createLogger({
    level: 'warn',
    format: 'json',
    name: 'test',
    destination: { write: (line) => lines.push(line) },
  });
  const clock = createFakeClock();
  const { store, faults } = createMemoryStore();
  faults.writeError = new Error('forbidden');
  const a = candidate('a', store, clock, logger);
  await clock.advance(179_000);
  t.equal(lines.length, 3);
  faults.writeError = undefined;
  await clock.advance(3_000);
  faults.writeError = new Error('too slow');
  await clock.advance(8_000);
  t.same(a.history, ['led']);
  t.equal(lines.length, 4, 'a leader logs it too');
  lines.length = 0;
  a.stop();
  await clock.advance(0);
  await a.done;
  t.same(lines, []);
});

t.test('a leader that stops in the middle of a renewal logs no failure', async (t) => {
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line) };
  const logger = createLogger({ level: 'warn', format: 'json', name: 'test', destination });
  const clock = createFakeClock();
  const { store, holder } = createMemoryStore();
  const cutOff: LeaseStore = {
    read: (signal) => store.read(signal),
    write: async (previous, spec, signal) => {
      const lease = await store.write(previous, spec, signal);
      if (previous && spec.holderIdentity) {
        await clock.sleep(1_000, signal);
        signal.throwIfAborted();
      }
      return lease;
    },
  };
  const a = candidate('a', cutOff, clock, logger);
  await clock.advance(2_500);
  a.stop();
  await clock.advance(0);
  await a.done;
  t.same(lines, []);
  t.equal(holder(), '', 'and releases the lease');
});

t.test('micro times have six digits, or the API server responds with 400', (t) => {
  t.equal(microTime(Date.UTC(2026, 0, 1, 0, 0, 0, 5)), '2026-01-01T00:00:00.005000Z');
  t.end();
});
