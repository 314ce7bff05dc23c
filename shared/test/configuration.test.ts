import t from 'tap';
import * as z from 'zod';
import { flag, objectName, oneOf, port, readVariables } from '../src/configuration.ts';

const schema = z.object({
  PORT: port.default(10250).meta({ example: '10250' }),
  FLAG: flag.default(false).meta({ example: 'true' }),
  WORD: oneOf(['json', 'text']).default('json').meta({ example: 'json' }),
  NAME: objectName.meta({ example: 'my-secret' }),
});

t.test('variables are parsed, empty ones count as unset, and the result is frozen', (t) => {
  const read = readVariables(schema, {
    PORT: '',
    NAME: 'n',
    OTHER: 'x',
    FLAG: 'true',
  });
  t.same(read, { PORT: 10250, FLAG: true, WORD: 'json', NAME: 'n' });
  t.ok(Object.isFrozen(read));
  t.end();
});

t.test('an object name is one that Kubernetes accepts', (t) => {
  const right = ['a', '0-a', 'a.b.c', 'a--b', 'a'.repeat(253)];
  for (const NAME of right) t.equal(readVariables(schema, { NAME }).NAME, NAME);
  const wrong = ['A', 'a_b', '-a', 'a-', '.a', 'a.', 'a..b', 'a.-b', 'a-.b', 'a'.repeat(254)];
  for (const NAME of wrong) {
    t.throws(() => readVariables(schema, { NAME }), { message: 'is not a Kubernetes object name' });
  }
  t.end();
});

t.test('an error names each invalid variable with its value, its problem and an example', (t) => {
  const wrong = { PORT: '70000', FLAG: 'yes', WORD: 'xml' };
  t.throws(() => readVariables(schema, wrong), {
    code: 'ECRPS_CONFIGURATION_INVALID',
    message: [
      'PORT="70000": is not a port from 1 to 65535; for example PORT=10250',
      'FLAG="yes": is neither true nor false; for example FLAG=true',
      'WORD="xml": is not one of json, text; for example WORD=json',
      'NAME is not set; for example NAME=my-secret',
    ].join('\n'),
  });
  t.end();
});
