import t from 'tap';
import * as z from 'zod';
import { readOptions, usageOf } from '../../src/command-line/command-options.ts';
import { wholeNumber } from '../../src/configuration.ts';
import { nearestWord } from '../../src/command-line/nearest-word.ts';

const COMMAND = {
  words: 'tool make',
  description: 'Makes things.',
  options: z
    .object({
      out: z.string().meta({ description: 'Where to.', value: 'DIR' }),
      days: wholeNumber('a number of days', 1, 9).default(3).meta({ value: 'N' }),
      name: z.array(z.string()).default([]).meta({ value: 'NAME', many: true, short: 'n' }),
      force: z.boolean().default(false).meta({ description: 'Dares.' }),
    })
    .refine(({ days, force }) => days < 9 || force, 'nine days need --force'),
};

t.test('options are read in both spellings and in any order', (t) => {
  t.strictSame(readOptions(COMMAND, ['--out', 'd']), { out: 'd', days: 3, name: [], force: false });
  const args = ['--name', 'a', '--force', '--days=5', '--name=--b', '--out=', '--'];
  t.strictSame(readOptions(COMMAND, args), { out: '', days: 5, name: ['a', '--b'], force: true });
  t.match(readOptions(COMMAND, ['-n', 'a', '-n=b', '-nc', '--out=d']), { name: ['a', 'b', 'c'] });
  t.end();
});

t.test('an error names each invalid word and what to do', (t) => {
  const cases: readonly (readonly [args: readonly string[], message: string])[] = [
    [['--uot', 'd'], '--uot is unknown: did you mean --out?'],
    [['--zebra', '--out', 'd'], '--zebra is unknown'],
    [['--constructor', 'x'], '--constructor is unknown'],
    [['--no-force'], '--no-force is unknown'],
    [['-f'], '-f is unknown'],
    [['--out', 'd', 'e'], '"e" belongs to no option'],
    [['--', '--out', 'd'], '"--out" belongs to no option'],
    [['--out'], '--out DIR lacks its value'],
    [['--out', '--force'], '--out DIR lacks its value; write a value that begins with "-" as --out=--force'],
    [['--force=yes'], '--force takes no value'],
    [['--out', 'd', '--out', 'e'], '--out is repeated'],
    [[], '--out DIR is missing'],
    [['--days', 'x'], '--out DIR is missing; --days "x" is not a number of days from 1 to 9'],
    [['--out', 'd', '--days', '0'], '--days "0" is not a number of days from 1 to 9'],
    [['--out', 'd', '--days', '9'], 'nine days need --force'],
  ];
  for (const [args, message] of cases)
    t.throws(
      () => readOptions(COMMAND, args),
      { code: 'ECRPS_USAGE_INVALID', message, usage: usageOf(COMMAND) },
      args.join(' '),
    );
  t.end();
});

t.test('the help shows which options are optional or repeatable, and describes each', (t) => {
  t.equal(
    usageOf(COMMAND),
    `Usage: tool make --out DIR [--days N] [--name NAME]... [--force]

Makes things.

Options:
  --out DIR        Where to.
  --days N         ${''}
  -n, --name NAME  ${''}
  --force          Dares.
  --help           Shows this help.
`,
  );
  t.end();
});

t.test('the nearest word is found for a mistyped or shortened one only', (t) => {
  const words = ['ca', 'serving', 'yaml', 'verify'];
  const cases = { serv: 'serving', servng: 'serving', ymal: 'yaml', verfiy: 'verify' };
  for (const [typed, meant] of Object.entries(cases)) t.equal(nearestWord(typed, words), meant);
  for (const typed of ['', 'x', 'json', 'status', 'constructor']) t.equal(nearestWord(typed, words), undefined, typed);
  t.end();
});
