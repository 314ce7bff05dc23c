import t from 'tap';
import { createLogger } from '../../src/logger.ts';
import { createThrottledLog } from '../../src/runtime/throttled-log.ts';
import { createFakeClock } from '../../testing/fake-clock.ts';

const MINUTE_MS = 60_000;

function startLog() {
  const levels: string[] = [];
  const destination = { write: (line: string) => void levels.push(JSON.parse(line).level) };
  const logger = createLogger({ level: 'debug', format: 'json', name: 'test', destination });
  const clock = createFakeClock();
  return { levels, clock, log: createThrottledLog({ logger, clock }, 'writing failed') };
}

t.test('each failure is a warning once a minute, and logged at debug level between', async (t) => {
  const { levels, clock, log } = startLog();
  for (const message of ['a', 'b', 'a', 'b']) log.report(new Error(message));
  t.strictSame(levels, ['warn', 'warn', 'debug', 'debug']);
  await clock.advance(MINUTE_MS);
  log.report(new Error('a'));
  t.equal(levels.at(-1), 'warn');
});

t.test('the same failure in another namespace is a repetition', (t) => {
  const { levels, log } = startLog();
  log.report(new Error('namespaces/a/secrets: namespaces "a" not found'), 'a');
  log.report(new Error('namespaces/b/secrets: namespaces "b" not found'), 'b');
  log.report(new Error('namespaces/b/secrets: namespaces "b" not found'));
  t.strictSame(levels, ['warn', 'debug', 'warn']);
  t.end();
});
