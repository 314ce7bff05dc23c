import t from 'tap';
import { z } from 'zod';
import { backOffMs } from '../src/runtime/back-off.ts';
import { systemClock } from '../src/runtime/clock.ts';
import { commaList, flag, objectName, oneOf, port, readVariables } from '../src/configuration.ts';
import { createError, describeError, isCodedError } from '../src/errors.ts';
import { renewerFactsSchema } from '../src/renewer-facts.ts';
import { createLogger } from '../src/logger.ts';
import { createMetricsRegistry } from '../src/metrics.ts';
import { parseNamespacePattern } from '../src/namespace-pattern.ts';
import { HEALTHY, type Health, startOpsServer } from '../src/http/ops-server.ts';
import { stopSignal } from '../src/runtime/stop-signal.ts';

t.test('namespace patterns read as k8s-ecr-login-renew read them', (t) => {
  const cases: readonly (readonly [text: string, yes: readonly string[], no: readonly string[]])[] =
    [
      ['default', ['default'], ['default2', 'my-default']],
      ['a,b;c\nd', ['a', 'b', 'c', 'd'], ['e', '']],
      [' a , , b ,\n', ['a', 'b'], ['']],
      ['de\tfa\rult', ['default'], []],
      ['team-*', ['team-', 'team-a', 'team-a-b'], ['team', 'a-team-b']],
      ['ns?2', ['ns12', 'ns22'], ['ns2', 'ns112']],
      ['*', ['anything'], []],
      ['a**b*?', ['abc', 'axbxc'], ['ab']],
      ['', [], ['default']],
      [',;\n', [], ['default']],
    ];
  for (const [text, yes, no] of cases) {
    const pattern = parseNamespacePattern(text);
    for (const name of yes) t.ok(pattern.matches(name), `${JSON.stringify(text)} matches ${name}`);
    for (const name of no) t.notOk(pattern.matches(name), `${JSON.stringify(text)} not ${name}`);
  }
  t.end();
});

t.test('a pattern that could never match is an error that names the entry', (t) => {
  for (const entry of ['Team', 'a.b', 'team-(a|b)', '['])
    t.throws(() => parseNamespacePattern(`ok,${entry}`), {
      message: new RegExp(RegExp.escape(`"${entry}"`)),
    });
  t.end();
});

t.test('wildcards mean what they say: every short pattern against every short name', (t) => {
  const names = textsOver('ab', 5);
  const wrong = textsOver('ab*?', 5).filter((text) => {
    const pattern = parseNamespacePattern(text);
    return names.some((name) => pattern.matches(name) !== (text !== '' && means(text, name)));
  });
  t.strictSame(wrong, []);
  t.end();
});

t.test('many wildcards do not make matching slow', (t) => {
  const longest = 'a'.repeat(63);
  const started = performance.now();
  for (const text of [`${'*'.repeat(60)}b`, '*a*a*a*a*a*a*b', `${'*a'.repeat(60)}*b`]) {
    t.notOk(parseNamespacePattern(text).matches(longest), text);
  }
  // Milliseconds by far; a regular expression takes seconds for the second and would never end the third.
  t.ok(performance.now() - started < 1_000);
  t.end();
});

/** Whether a pattern matches, straight from what its wildcards mean. */
function means(pattern: string, name: string): boolean {
  if (pattern === '') return name === '';
  const rest = pattern.slice(1);
  if (pattern.startsWith('*')) {
    return means(rest, name) || (name !== '' && means(pattern, name.slice(1)));
  }
  const isFirst = pattern.startsWith('?') ? name !== '' : name[0] === pattern[0];
  return isFirst && means(rest, name.slice(1));
}

/** All texts over some letters, up to a length. */
function textsOver(letters: string, length: number): readonly string[] {
  if (length === 0) return [''];
  const shorter = textsOver(letters, length - 1);
  return ['', ...shorter.flatMap((text) => Array.from(letters, (letter) => letter + text))];
}

const schema = z.object({
  PORT: port.default(10250).meta({ example: '10250' }),
  FLAG: flag.default(false).meta({ example: 'true' }),
  LIST: commaList.default([]).meta({ example: 'a,b' }),
  WORD: oneOf(['json', 'text']).default('json').meta({ example: 'json' }),
  NAME: objectName.meta({ example: 'my-secret' }),
});

t.test('variables are parsed, empty ones count as unset, and the result is frozen', (t) => {
  const read = readVariables(schema, {
    PORT: '',
    LIST: ' a, ,b',
    NAME: 'n',
    OTHER: 'x',
    FLAG: 'true',
  });
  t.same(read, { PORT: 10250, FLAG: true, LIST: ['a', 'b'], WORD: 'json', NAME: 'n' });
  t.ok(Object.isFrozen(read));
  t.end();
});

t.test('a name of an object is one that Kubernetes takes', (t) => {
  const right = ['a', '0-a', 'a.b.c', 'a--b', 'a'.repeat(253)];
  for (const NAME of right) t.equal(readVariables(schema, { NAME }).NAME, NAME);
  const wrong = ['A', 'a_b', '-a', 'a-', '.a', 'a.', 'a..b', 'a.-b', 'a-.b', 'a'.repeat(254)];
  for (const NAME of wrong) {
    t.throws(() => readVariables(schema, { NAME }), { message: 'is not a Kubernetes object name' });
  }
  t.end();
});

t.test('every wrong variable is named with its value, its problem and an example', (t) => {
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

t.test('an error tells its whole story in one line, from messages alone', (t) => {
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { body: 'token' });
  const error = createError('ECRPS_TOKEN_REQUEST_FAILED', 'asking ECR', cause);
  t.equal(describeError(error), 'asking ECR: connect ECONNREFUSED');
  t.equal(describeError(new AggregateError([new Error('a'), new Error('b')])), 'a, b');
  t.equal(describeError({ secret: 'x' }), 'unknown error');
  t.ok(isCodedError(error, 'ECRPS_TOKEN_REQUEST_FAILED'));
  t.notOk(isCodedError(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })));
  t.end();
});

t.test('the log holds an error’s messages and code, and nothing else of it', (t) => {
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

t.test('the text format is for people', (t) => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ level: 'info', format: 'text', name: 'renewer', destination });
  logger.info({ namespace: 'a' }, 'wrote');
  t.match(lines[0], /^\d\d:\d\d:\d\d\.\d{3} INFO renewer: wrote namespace="a"\n$/);
  t.end();
});

t.test('waits grow with failures, stay under the cap and are random', (t) => {
  const backOff = { baseMs: 100, capMs: 1_000 };
  t.same(
    [0, 1, 2, 3, 4, 999].map((n) => backOffMs(n, backOff, () => 1)),
    [100, 200, 400, 800, 1000, 1000],
  );
  t.equal(
    backOffMs(3, backOff, () => 0),
    0,
  );
  t.end();
});

t.test('a sleep ends at once when its signal aborts, and never rejects', async (t) => {
  const controller = new AbortController();
  const sleeping = systemClock.sleep(60_000, controller.signal);
  controller.abort();
  await sleeping;
  await systemClock.sleep(60_000, controller.signal);
  t.pass();
});

t.test('the first signal asks to stop, a second Ctrl-C does not wait', (t) => {
  const listeners: (readonly [string, () => void])[] = [];
  const exits: number[] = [];
  const source = {
    once: (event: string, listener: () => void) => listeners.push([event, listener]),
    exit: (code: number) => void exits.push(code),
  };
  const signal = stopSignal(source);
  const interrupt = () => listeners.findLast(([event]) => event === 'SIGINT')?.[1]();
  t.notOk(signal.aborted);
  interrupt();
  t.ok(signal.aborted);
  t.same(exits, []);
  interrupt();
  t.same(exits, [130]);
  t.end();
});

t.test('probes and metrics are served over plain HTTP', async (t) => {
  let health: Health = { ok: false, reason: 'waiting for the first certificate' };
  const app = await startOpsServer({
    host: '127.0.0.1',
    port: 0,
    metrics: createMetricsRegistry(),
    ready: () => health,
  });
  t.teardown(() => app.close());
  const get = async (path: string) => app.inject({ method: 'GET', url: path });
  t.match(await get('/livez'), { statusCode: 200 });
  t.match(await get('/readyz'), { statusCode: 503, payload: /waiting for the first certificate/ });
  health = HEALTHY;
  t.match(await get('/readyz'), { statusCode: 200 });
  t.match((await get('/metrics')).payload, /process_resident_memory_bytes/);
  t.match(await get('/'), { statusCode: 404 });
});

t.test('facts of an unknown version are not believed', (t) => {
  const facts = { version: 2, registries: [], excludedNamespaces: ['kube-*'] };
  t.ok(renewerFactsSchema.safeParse(facts).success);
  t.notOk(renewerFactsSchema.safeParse({ ...facts, version: 1 }).success);
  t.end();
});
