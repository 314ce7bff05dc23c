import t from 'tap';
import { createError } from '../src/errors.ts';
import { createLogger } from '../src/logger.ts';

t.test('the log contains the messages and the code of an error, and none of its other properties', (t) => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ level: 'info', format: 'json', name: 'test', destination });
  const library = Object.assign(new Error('refused'), {
    body: 'hunter2',
    headers: { a: 'hunter2' },
  });
  logger.error({ err: createError('ECRPS_TOKEN_INVALID', 'reading', library) }, 'constant');
  t.match(JSON.parse(lines[0] ?? ''), {
    level: 'error',
    name: 'test',
    msg: 'constant',
    err: { code: 'ECRPS_TOKEN_INVALID', message: 'reading: refused' },
  });
  t.notMatch(lines[0], /hunter2|stack/);
  t.end();
});

t.test('the text format is one readable line', (t) => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ level: 'info', format: 'text', name: 'renewer', destination });
  logger.info({ namespace: 'a' }, 'wrote');
  t.match(lines[0], /^\d\d:\d\d:\d\d\.\d{3} INFO renewer: wrote namespace="a"\n$/);
  t.end();
});
