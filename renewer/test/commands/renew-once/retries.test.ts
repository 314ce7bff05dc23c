import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t from 'tap';
import { createApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { createRetries } from '../../../src/commands/renew-once/retries.ts';

function refusal(status: number, retryAfter?: string): Error {
  const text = JSON.stringify({ reason: 'Refused', message: 'said\nno' });
  return createApiError('PATCH it', { status, retryAfter, text });
}

t.test('only what passes is tried again, and not for ever', async (t) => {
  const clock = createFakeClock();
  const retries = createRetries({ clock, random: () => 0.5 }, new AbortController().signal);
  const attempts = async (error: Error, tookMs = 0, isWrite = true): Promise<number> => {
    let count = 0;
    const work = async (): Promise<never> => {
      count++;
      await clock.sleep(tookMs);
      throw error;
    };
    const failing = retries(work, { isWrite });
    const rejected = t.rejects(failing, { message: error.message });
    await clock.advance(300_000);
    await rejected;
    return count;
  };
  t.equal(await attempts(refusal(409)), 5);
  t.equal(await attempts(refusal(429)), 5);
  t.equal(await attempts(refusal(503)), 5);
  t.equal(await attempts(createError('ECRPS_KUBERNETES_UNREACHABLE', 'away')), 5);
  t.equal(await attempts(refusal(504)), 5, 'a load balancer that found no server');
  t.equal(await attempts(refusal(504), 14_999), 5);
  t.equal(await attempts(refusal(504), 15_000), 1, 'it would take as long again');
  t.equal(await attempts(refusal(500), 30_000), 1, 'a webhook that has to agree');
  t.equal(await attempts(refusal(504), 15_000, false), 5, 'nothing holds up a question');
  t.equal(await attempts(refusal(429), 15_000), 5, 'it waited in line');
  t.equal(await attempts(refusal(409), 15_000), 5);
  t.equal(await attempts(createError('ECRPS_KUBERNETES_TIMEOUT', 'late')), 1);
  t.equal(await attempts(refusal(403)), 1);
  t.equal(await attempts(refusal(422)), 1);
  t.equal(await attempts(new TypeError('a bug')), 1);
});

t.test('the API server’s wish to wait is granted, up to ten seconds', async (t) => {
  const clock = createFakeClock();
  const retries = createRetries({ clock, random: () => 0 }, new AbortController().signal);
  const attemptsAtMs: number[] = [];
  const startMs = clock.now();
  const done = retries(async () => {
    attemptsAtMs.push(clock.now() - startMs);
    if (attemptsAtMs.length === 1) throw refusal(429, '2');
    if (attemptsAtMs.length === 2) throw refusal(429, '600');
  });
  await clock.advance(60_000);
  await done;
  t.same(attemptsAtMs, [0, 2_000, 12_000]);
});
