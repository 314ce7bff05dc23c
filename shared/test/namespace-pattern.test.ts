import t from 'tap';
import { parseNamespacePattern } from '../src/namespace-pattern.ts';

t.test('namespace patterns have the syntax of k8s-ecr-login-renew', (t) => {
  const cases: readonly (readonly [text: string, yes: readonly string[], no: readonly string[]])[] = [
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

t.test('an entry that can never match is an error that names it', (t) => {
  for (const entry of ['Team', 'a.b', 'team-(a|b)', '['])
    t.throws(() => parseNamespacePattern(`ok,${entry}`), {
      message: new RegExp(RegExp.escape(`"${entry}"`)),
    });
  t.end();
});

t.test('every short pattern matches the short names that its wildcards describe', (t) => {
  const names = textsOver('ab', 5);
  const wrong = textsOver('ab*?', 5).filter((text) => {
    const pattern = parseNamespacePattern(text);
    return names.some((name) => pattern.matches(name) !== (text !== '' && matchesByDefinition(text, name)));
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
  // It takes milliseconds; a regular expression takes seconds for the second pattern and never ends the third.
  t.ok(performance.now() - started < 1_000);
  t.end();
});

/** Whether a pattern matches, by the definition of the wildcards. */
function matchesByDefinition(pattern: string, name: string): boolean {
  if (pattern === '') return name === '';
  const rest = pattern.slice(1);
  if (pattern.startsWith('*')) {
    return matchesByDefinition(rest, name) || (name !== '' && matchesByDefinition(pattern, name.slice(1)));
  }
  const isFirst = pattern.startsWith('?') ? name !== '' : name[0] === pattern[0];
  return isFirst && matchesByDefinition(rest, name.slice(1));
}

/** All texts of some letters, up to a length. */
function textsOver(letters: string, length: number): readonly string[] {
  if (length === 0) return [''];
  const shorter = textsOver(letters, length - 1);
  return ['', ...shorter.flatMap((text) => Array.from(letters, (letter) => letter + text))];
}
