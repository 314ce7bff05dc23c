import { setTimeout as delay } from 'node:timers/promises';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t, { type Test } from 'tap';
import { createKubeClient } from '../../src/client.ts';
import { createWriteDeadlines, WRITE_LIMITS } from '../../src/pacing/write-deadlines.ts';
import { unlessAborted } from '@ecr-pull-secrets/shared/runtime/unless-aborted.ts';
import { startApiStandIn } from '../../testing/api-stand-in.ts';

/** A write with a late response, or none, from an API server that responds to other requests, or does not. */
function begin(options: { readonly isResponding: () => boolean; readonly respondsAfterMs?: number }) {
  const clock = createFakeClock();
  const startMs = clock.now();
  let probes = 0;
  const probe = async (): Promise<boolean> => {
    probes++;
    return options.isResponding();
  };
  const deadlines = createWriteDeadlines({ clock, probe }, WRITE_LIMITS);
  const { signal } = new AbortController();
  const { respondsAfterMs } = options;
  const outcome = deadlines
    .run(signal, async (limited) => {
      const response = respondsAfterMs === undefined ? never() : clock.sleep(respondsAfterMs);
      await unlessAborted(response, limited);
      return 'response';
    })
    .catch((error: unknown) => error)
    .then((result) => ({ result, afterMs: clock.now() - startMs }));
  return { clock, deadlines, outcome, probes: () => probes };
}

function never(): Promise<void> {
  return new Promise(() => undefined);
}

t.test('a write has as long as the API server may need', async (t) => {
  // 34 s in the handler, after 15 s in line.
  const { clock, outcome } = begin({ isResponding: () => true, respondsAfterMs: 49_000 });
  await clock.advance(60_000);
  t.same(await outcome, { result: 'response', afterMs: 49_000 });
});

t.test('a write to an API server that responds to nothing is given up', async (t) => {
  const { clock, outcome } = begin({ isResponding: () => false });
  await clock.advance(60_000);
  t.match(await outcome, { result: { message: /none to another request/ }, afterMs: 10_000 });
});

t.test('a write to one that responds to everything else waits longer, but not for ever', async (t) => {
  const { clock, outcome, probes } = begin({ isResponding: () => true });
  await clock.advance(120_000);
  t.match(await outcome, { result: { code: 'ECRPS_KUBERNETES_TIMEOUT' }, afterMs: 65_000 });
  t.equal(probes(), 6);
});

t.test('responses to other requests make a probe needless', async (t) => {
  const { clock, deadlines, outcome, probes } = begin({ isResponding: () => false });
  for (let second = 0; second < 30; second += 2) {
    deadlines.responded();
    await clock.advance(2_000);
  }
  t.equal(probes(), 0);
  await clock.advance(15_000);
  t.match(await outcome, { result: { message: /none to another request/ } });
});

t.test('a write that is cut off late is a timeout, if other requests had responses meanwhile', async (t) => {
  const clock = createFakeClock();
  const cutOff = async (afterMs: number, error: Error): Promise<unknown> => {
    const deadlines = createWriteDeadlines({ clock, probe: async () => true }, WRITE_LIMITS);
    const outcome = deadlines
      .run(undefined, async () => {
        await clock.sleep(afterMs);
        throw error;
      })
      .catch((reason: unknown) => reason);
    await clock.advance(60_000);
    return outcome;
  };
  const cut = createError('ECRPS_KUBERNETES_UNREACHABLE', 'socket hang up');
  t.equal(await cutOff(14_000, cut), cut);
  t.match(await cutOff(15_000, cut), {
    code: 'ECRPS_KUBERNETES_TIMEOUT',
    message: /^no response within 15 s, while the API server responds to other requests/,
    cause: cut,
  });
  const bug = new TypeError('a bug');
  t.equal(await cutOff(15_000, bug), bug);
});

t.test('a write that is cut off after the process stood still is no timeout', async (t) => {
  const time = createFakeClock();
  let leaptMs = 0;
  const clock: Clock = { now: () => time.now() + leaptMs, sleep: (ms, signal) => time.sleep(ms, signal) };
  const deadlines = createWriteDeadlines({ clock, probe: async () => true }, WRITE_LIMITS);
  const cut = createError('ECRPS_KUBERNETES_UNREACHABLE', 'socket hang up');
  const outcome = deadlines
    .run(undefined, async () => {
      await clock.sleep(10_500);
      throw cut;
    })
    .catch((reason: unknown) => reason);
  await time.advance(1_000);
  leaptMs = 21_000;
  await time.advance(20_000);
  t.equal(await outcome, cut);
});

async function start(t: Test) {
  const api = await startApiStandIn();
  const client = createKubeClient({
    credentials: async () => ({ server: api.address, authorization: undefined, tls: {} }),
    userAgent: 'test',
    // Long enough for a probe on a busy machine: it has half of the silence, in real time.
    writeLimits: { silenceMs: 500, longestMs: 2_000 },
  });
  t.teardown(async () => {
    await client.close();
    await api.close();
  });
  return { api, client };
}

const WRITE = { method: 'PATCH', path: '/x', body: {} } as const;

t.test('the client sends a probe, whose response may be a refusal', async (t) => {
  const { api, client } = await start(t);
  const response = client.request(WRITE);
  const write = await api.next();
  const probe = await api.next();
  t.equal(probe.url.pathname, '/livez');
  probe.refuse(403);
  await delay(100);
  write.json({ kind: 'Secret' });
  t.same(await response, { kind: 'Secret' });
});

t.test('the error shows whether the API server or the write alone has no response', async (t) => {
  const { api, client } = await start(t);
  await t.rejects(client.request(WRITE), { code: 'ECRPS_KUBERNETES_UNREACHABLE' });
  await Promise.all([api.next(), api.next()]);
  const late = t.rejects(client.request(WRITE), { code: 'ECRPS_KUBERNETES_TIMEOUT' });
  const write = await api.next();
  const serving = (async () => {
    for (;;) (await api.next()).text('ok', 200);
  })().catch(() => undefined);
  await late;
  await write.closed;
  await t.rejects(
    client.request({ ...WRITE, timeoutMs: 50 }),
    { code: 'ECRPS_KUBERNETES_UNREACHABLE' },
    'a timeout of the caller counts instead',
  );
  void serving;
});
