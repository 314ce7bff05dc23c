import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { keepMemoryOutOfCoreDumps } from '../src/core-dump.ts';

function warningsWith(filter: string): readonly string[] {
  const warnings: string[] = [];
  keepMemoryOutOfCoreDumps((message) => warnings.push(message), filter);
  return warnings;
}

t.test('all kinds of memory are excluded', async (t) => {
  const filter = join(t.testdir({ coredump_filter: '00000033\n' }), 'coredump_filter');
  t.strictSame(warningsWith(filter), []);
  t.match(await readFile(filter, 'utf8'), /^0/);
});

t.test('a system without the setting causes no warning', (t) => {
  t.strictSame(warningsWith(join(t.testdir(), 'coredump_filter')), []);
  t.end();
});

t.test('a setting that cannot be changed causes a warning', (t) => {
  const folder = t.testdir();
  t.match(warningsWith(folder), [/may contain tokens, because .* cannot be set: EISDIR/]);
  t.end();
});
