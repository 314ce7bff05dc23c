import { setTimeout as delay } from 'node:timers/promises';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t, { type Test } from 'tap';
import { createKubeClient } from '../../src/client.ts';
import { createWriteDeadlines, WRITE_LIMITS } from '../../src/pacing/write-deadlines.ts';
import { unlessAborted } from '@ecr-pull-secrets/shared/runtime/unless-aborted.ts';
import { startApiStandIn } from '../../testing/api-stand-in.ts';

/** A write that is answered after a while, if ever, by an API server that answers questions, or does not. */
function begin(options: { readonly isAlive: () => boolean; readonly answeredAfterMs?: number }) {
  const clock = createFakeClock();
  const startMs = clock.now();
  let probes = 0;
  const probe = async (): Promise<boolean> => {
    probes++;
    return options.isAlive();
  };
  const deadlines = createWriteDeadlines({ clock, probe }, WRITE_LIMITS);
  const { signal } = new AbortController();
  const { answeredAfterMs } = options;
  const outcome = deadlines
    .run(signal, async (limited) => {
      const answer = answeredAfterMs === undefined ? never() : clock.sleep(answeredAfterMs);
      await unlessAborted(answer, limited);
      return 'answered';
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
  const { clock, outcome } = begin({ isAlive: () => true, answeredAfterMs: 49_000 });
  await clock.advance(60_000);
  t.same(await outcome, { result: 'answered', afterMs: 49_000 });
});

t.test('an API server that answers nothing is not waited for', async (t) => {
  const { clock, outcome } = begin({ isAlive: () => false });
  await clock.advance(60_000);
  t.match(await outcome, { result: { message: /none to another request/ }, afterMs: 10_000 });
});

t.test('one that answers everything else is waited for, but not for ever', async (t) => {
  const { clock, outcome, probes } = begin({ isAlive: () => true });
  await clock.advance(120_000);
  t.match(await outcome, { result: { code: 'ECRPS_KUBERNETES_TIMEOUT' }, afterMs: 65_000 });
  t.equal(probes(), 6);
});

t.test('answers to others are proof enough, so that nobody asks', async (t) => {
  const { clock, deadlines, outcome, probes } = begin({ isAlive: () => false });
  for (let second = 0; second < 30; second += 2) {
    deadlines.responded();
    await clock.advance(2_000);
  }
  t.equal(probes(), 0);
  await clock.advance(15_000);
  t.match(await outcome, { result: { message: /none to another request/ } });
});

t.test('a write that is cut off late is late, if others were answered meanwhile', async (t) => {
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

async function start(t: Test) {
  const api = await startApiStandIn();
  const client = createKubeClient({
    credentials: async () => ({ server: api.address, authorization: undefined, tls: {} }),
    userAgent: 'test',
    writeLimits: { silenceMs: 200, longestMs: 1_000 },
  });
  t.teardown(async () => {
    await client.close();
    await api.close();
  });
  return { api, client };
}

const WRITE = { method: 'PATCH', path: '/x', body: {} } as const;

t.test('the client asks for a sign of life, which may be a refusal', async (t) => {
  const { api, client } = await start(t);
  const answer = client.request(WRITE);
  const write = await api.next();
  const probe = await api.next();
  t.equal(probe.url.pathname, '/livez');
  probe.refuse(403);
  await delay(100);
  write.json({ kind: 'Secret' });
  t.same(await answer, { kind: 'Secret' });
});

t.test('the client says whether the API server or the write is the trouble', async (t) => {
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
    'another limit of the caller’s counts',
  );
  void serving;
});
