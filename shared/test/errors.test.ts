import t from 'tap';
import { createError, describeError, isCodedError } from '../src/errors.ts';

t.test('an error is described in one line, from its message and those of its causes', (t) => {
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { body: 'token' });
  const error = createError('ECRPS_TOKEN_REQUEST_FAILED', 'calling ECR', cause);
  t.equal(describeError(error), 'calling ECR: connect ECONNREFUSED');
  t.equal(describeError(new AggregateError([new Error('a'), new Error('b')])), 'a, b');
  t.equal(describeError({ secret: 'x' }), 'unknown error');
  t.ok(isCodedError(error, 'ECRPS_TOKEN_REQUEST_FAILED'));
  t.notOk(isCodedError(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })));
  t.end();
});
