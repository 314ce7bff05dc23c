import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startGuardian } from '@ecr-pull-secrets/testbed/local-cluster/guardian.ts';
import t from 'tap';
import { readArguments } from '../src/command-line.ts';
import { slowerCases } from '../src/guard/slower-cases.ts';
import { alternate } from '../src/measure/alternate.ts';
import { addedBy, compare, quartilesOf } from '../src/measure/statistics.ts';
import { number, resultLine } from '../src/report/lines.ts';
import { pages } from '../src/report/pages.ts';
import { comparisonsMarkdown } from '../src/report/table.ts';
import { isReached, type Result, type Row } from '../src/row.ts';
import { remainingSeconds, type Report, run } from '../src/run.ts';
import { ROWS } from '../src/rows.ts';

const names = ROWS.map(({ name }) => name);
const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

t.test('each row has a name of its own, a limit, and what is measured', (t) => {
  t.equal(new Set(names).size, names.length);
  for (const { name, limit, work } of ROWS) {
    t.match(name, /^[a-z]+(-[a-z]+)*$/);
    t.ok(limit && work, name);
  }
  t.end();
});

t.test('a mistyped name is refused, with the nearest name and all names', (t) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [MAIN, 'computer'], { encoding: 'utf8' });
  t.equal(status, 2);
  t.equal(stdout, '');
  t.match(stderr, 'bench: no row is named "computer": did you mean compute?\n');
  for (const name of names) t.match(stderr, `  ${name}`);
  t.match(readArguments(ROWS, ['--jsno', 'x']), { problem: /--jsno/ });
  t.end();
});

t.test('a name selects its row, and those that begin with it; without a name all rows run', (t) => {
  t.strictSame(selected(), names);
  t.strictSame(selected('compute', '--full'), ['compute']);
  t.strictSame(selected('memory'), ['memory-webhook', 'memory-renewer']);
  t.match(readArguments(ROWS, ['--full', '--json', 'x']), { isFull: true, jsonFile: 'x' });
  t.end();
});

t.test('a file that cannot be written ends the benchmark before the first row', (t) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [MAIN, 'compute', '--json', t.testdir()], {
    encoding: 'utf8',
  });
  t.equal(status, 1);
  t.match(stderr, /^bench: EISDIR/);
  t.equal(stdout, '');
  t.end();
});

t.test('a row that fails does not lose the results of those before it', async (t) => {
  const results = [{ what: 'x', unit: 'ms', ...compare([8], [10]) }];
  const rows = [rowOf('good', async () => results), rowOf('bad', async () => Promise.reject(new Error('it failed')))];
  const saved: Report[] = [];
  const dependencies = {
    guardian: await startGuardian(),
    memoryCgroup: { command: [], close: async () => undefined },
    print: () => undefined,
    save: async (report: Report) => void saved.push(report),
  };
  t.teardown(() => dependencies.guardian.close());
  await t.rejects(run(dependencies, { rows, isFull: false, against: undefined }), { message: 'it failed' });
  t.match(saved, [{ rows: [{ name: 'good', results }] }]);
});

t.test('contestants run in turn, in both orders, and the first round does not count', async (t) => {
  const order: string[] = [];
  const contestant = (name: string) => async () => order.push(name);
  const { a, b } = await alternate(2, { a: contestant('a'), b: contestant('b') });
  t.strictSame(order, ['a', 'b', 'b', 'a', 'a', 'b']);
  t.strictSame(
    [a, b],
    [
      [4, 5],
      [3, 6],
    ],
  );
});

t.test('ratios are those of each round', (t) => {
  t.strictSame(quartilesOf([4, 1, 3, 2, 5]), { low: 2, median: 3, high: 4 });
  t.strictSame(compare([2, 30], [1, 10]).ratio, { low: 2.25, median: 2.5, high: 2.75 });
  t.throws(() => quartilesOf([]), RangeError);
  t.end();
});

t.test('a figure that falls short is marked', (t) => {
  const figures: Result = { what: 'x', unit: 'ms', ...compare([12], [10]) };
  t.ok(isReached(figures));
  const missed: Result = { ...figures, target: { of: 'ratio', is: 'at most', value: 1.15 } };
  t.notOk(isReached(missed));
  t.match(resultLine(missed), '✘ x, ms: 12, limit 10, ratio 1.2, to reach ≤ 1.15 of the limit');
  t.ok(isReached({ ...figures, target: { of: 'ours', is: 'at least', value: 12 } }));
  t.match(resultLine({ ...figures, ...compare([0], [0]) }), /ms: 0, limit 0, ratio –$/);
  t.strictSame([number(1234.5), number(0.12345), number(Number.NaN)], ['1,235', '0.123', '–']);
  t.end();
});

t.test('the guard allows a tenth more, and new cases', (t) => {
  const before = new Map([
    ['a', 1],
    ['b', 1],
  ]);
  t.strictSame(
    slowerCases(
      before,
      new Map([
        ['a', 1.09],
        ['b', 1.11],
        ['c', 9],
      ]),
    ),
    ['b'],
  );
  t.end();
});

t.test('what is added to a run without a webhook; without a limit that adds anything nothing is reached', (t) => {
  const [ours, limit, neither] = [
    [3, 5, 9],
    [2, 4, 7],
    [1, 2, 3],
  ];
  const { ours: added, ratio } = addedBy((ms) => ms, { ours, limit, neither });
  t.strictSame(added, { low: 2.5, median: 3, high: 4.5 });
  t.strictSame(ratio, { low: 1.5, median: 1.5, high: 1.5 });
  const nothing = addedBy((ms) => ms, { ours, limit: [0, 1, 2], neither });
  t.notOk(isReached({ what: 'x', unit: 'ms', ...nothing, target: { of: 'ratio', is: 'at most', value: 1.15 } }));
  t.end();
});

t.test('rows that take longer than planned make those to come longer; all fit into 20 minutes', (t) => {
  const rows = [
    { name: 'a', seconds: 10 },
    { name: 'b', seconds: 20 },
    { name: 'c', seconds: 30 },
  ];
  t.equal(remainingSeconds(rows, [{ name: 'a', seconds: 15 }]), 75);
  t.equal(remainingSeconds(rows, [...rows]), 0);
  const planned = ROWS.reduce((sum, { seconds }) => sum + seconds, 0);
  t.ok(planned <= 20 * 60, `${planned} s`);
  t.end();
});

t.test('another checkout takes the place of the limits, for the rows that support it', (t) => {
  const checkout = fileURLToPath(new URL('../..', import.meta.url));
  t.match(readArguments(ROWS, ['compute', '--against', checkout]), { against: checkout });
  t.notOk(selected('--against', checkout).includes('chaos'));
  t.match(readArguments(ROWS, ['chaos', '--against', checkout]), { problem: 'chaos does not support --against' });
  t.match(readArguments(ROWS, ['compute', '--against', '/nowhere']), { problem: /"\/nowhere" is not a checkout/ });
  t.end();
});

t.test('a comparison is a table of what each change gave', (t) => {
  const results = [{ what: 'x', unit: 'ms', ...compare([8], [10]), isReached: true }];
  const row = { name: 'admission', work: '', limit: '', seconds: 1, results };
  const lines = comparisonsMarkdown(new Map([['fewer hooks', { rows: [row] }]])).split('\n');
  t.equal(lines.at(-1), '| fewer hooks | admission | x | ms | 10 | 8 | 0.8 |');
  t.end();
});

t.test('the pages contain the results of bench/results.json', async (t) => {
  for (const [file, text] of await pages()) t.equal(await readFile(file, 'utf8'), text, 'run: npm run bench-pages');
});

function selected(...args: readonly string[]) {
  const options = readArguments(ROWS, args);
  return 'problem' in options ? options.problem : options.rows.map(({ name }) => name);
}

function rowOf(name: string, measure: Row['measure']): Row {
  return { name, work: 'x', limit: 'y', seconds: 1, measure };
}
