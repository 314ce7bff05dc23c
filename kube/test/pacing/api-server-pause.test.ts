import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t from 'tap';
import { createApiError } from '../../src/api-error.ts';
import { createApiServerPause } from '../../src/pacing/api-server-pause.ts';

/** No pause is longer: a Retry-After of half a minute at most, and a back-off of ten seconds. */
const LONGEST_MS = 40_000;

function pauseOf(random = () => 1) {
  const clock = createFakeClock();
  const stop = new AbortController();
  const pause = createApiServerPause({ clock, random }, stop.signal);
  /** How long the pause lasts from now on. */
  const restMs = async (): Promise<number> => {
    const startMs = clock.now();
    const rest = pause.ended().then(() => clock.now() - startMs);
    await clock.advance(LONGEST_MS);
    return rest;
  };
  return { pause, stop, restMs };
}

function busy(retryAfter: string): Error {
  return createApiError('PATCH /x', { status: 429, retryAfter, text: '' });
}

t.test('pauses grow up to ten seconds, and start again after a success', async (t) => {
  const { pause, restMs } = pauseOf();
  const rests: number[] = [];
  for (let failure = 0; failure < 6; failure++) {
    pause.failed(new Error('away'));
    rests.push(await restMs());
  }
  t.same(rests, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  pause.succeeded();
  pause.failed(new Error('away'));
  t.equal(await restMs(), 1_000);
});

t.test('requests that fail together are one failure, and the longest Retry-After counts', async (t) => {
  const { pause, restMs } = pauseOf();
  for (const seconds of ['2', '8', '4']) pause.failed(busy(seconds));
  t.equal(await restMs(), 9_000);
  pause.failed(new Error('away'));
  t.equal(await restMs(), 2_000);
});

t.test('a Retry-After counts for half a minute at most', async (t) => {
  const { pause, restMs } = pauseOf();
  pause.failed(busy('3600'));
  t.equal(await restMs(), 31_000);
});

t.test('renewers that failed together do not come back together', async (t) => {
  const randoms = [0.25, 0.75];
  const rests = await Promise.all(
    randoms.map(async (value) => {
      const { pause, restMs } = pauseOf(() => value);
      for (let failure = 0; failure < 3; failure++) {
        pause.failed(new Error('away'));
        await restMs();
      }
      pause.failed(new Error('away'));
      return restMs();
    }),
  );
  t.not(rests[0], rests[1]);
});

t.test('a stop does not wait for a pause', async (t) => {
  const { pause, stop } = pauseOf();
  pause.failed(busy('30'));
  const waiting = pause.ended();
  stop.abort();
  await waiting;
  t.pass();
});
