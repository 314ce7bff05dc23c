import type { EventContent } from '@ecr-pull-secrets/kube/event-recorder.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t from 'tap';
import { createNamespaceProblems, type Problem } from '../../../src/pull-secrets/events/namespace-problems.ts';

const MINUTE_MS = 60_000;
const QUOTA: Problem = { reason: 'PullSecretRefused', message: 'exceeded quota' };

function start() {
  const clock = createFakeClock();
  const added: EventContent[] = [];
  const events = { add: (event: EventContent) => void added.push(event), forget: () => {} };
  const logger = createLogger({ level: 'fatal', format: 'json', name: 'test' });
  const problems = createNamespaceProblems({ events, clock, logger }, { pullSecretName: 'ecr-pull-secret' });
  /** Reports the problem at each retry, every five minutes. */
  async function retry(problem: Problem, minutes: number): Promise<void> {
    for (let passed = 0; passed < minutes; passed += 5) {
      problems.report('a', problem);
      await clock.advance(5 * MINUTE_MS);
    }
  }
  return { problems, added, retry };
}

t.test('a problem that lasts has one Event, and another one before the API server deletes the first', async (t) => {
  const { problems, added, retry } = start();
  await retry(QUOTA, 50);
  t.match(added, [{ namespace: 'a', reason: 'PullSecretRefused', message: 'exceeded quota' }]);
  await retry(QUOTA, 10);
  t.equal(added.length, 2);
  await retry(QUOTA, 60);
  t.equal(added.length, 3);
  problems.resolve('a', 'PullSecretRefused');
  await retry(QUOTA, 5);
  t.equal(added.length, 4, 'a problem that returns');
});

t.test('a text that differs at each attempt has three Events, and then one within an hour', async (t) => {
  const { added, retry } = start();
  for (let attempt = 0; attempt < 10; attempt += 1) {
    await retry({ reason: 'PullSecretRefused', message: `denied ${attempt}` }, 5);
  }
  t.equal(added.length, 3);
  await retry({ reason: 'PullSecretRefused', message: 'denied again' }, 60);
  t.equal(added.length, 4);
});
