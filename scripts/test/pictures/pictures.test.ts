import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import t from 'tap';
import { dashboardDrawing } from '../../src/pictures/dashboard.ts';
import { demoOutput, pictures } from '../../src/pictures/pictures.ts';
import { terminalPicture } from '../../src/pictures/terminal.ts';

for (const [file, text] of await pictures()) {
  const name = basename(file.pathname);
  t.test(`${name} is up to date, small, and loads nothing`, async (t) => {
    t.equal(await readFile(file, 'utf8'), text, 'run: npm run pictures');
    t.ok(text.length < 100_000, `${text.length} bytes`);
    t.notMatch(text, /<(?:script|image)|href|@import|url\(/);
  });
}

t.test('the picture of the demo has each line of its output', async (t) => {
  const output = await demoOutput();
  const lines = output.split('\n').filter((line) => line !== '');
  const drawn = terminalPicture('npm run demo', output).match(/<text class="line/g) ?? [];
  t.ok(lines.length > 10, 'README.md has the output');
  t.equal(drawn.length, lines.length + 1, 'and the command');
});

t.test('text of XML is escaped', (t) => {
  t.match(terminalPicture('x', '<a> & "b"'), '>&lt;a&gt; &amp; &quot;b&quot;</text>');
  t.end();
});

t.test('a panel shows its metrics once, without our prefix, cut to its width', (t) => {
  const expr = 'ecr_pull_secrets_leader + ecr_pull_secrets_leader';
  const long = `apiserver_${'x'.repeat(100)}`;
  const gridPos = { x: 0, y: 1, w: 6, h: 4 };
  const panels = [
    { title: 'Row', type: 'row', gridPos: { x: 0, y: 0, w: 24, h: 1 } },
    { title: 'Leaders', type: 'stat', gridPos, targets: [{ expr }, { expr: long }] },
  ];
  const drawing = dashboardDrawing({ title: 'd', panels });
  t.equal(drawing.match(/>leader</g)?.length, 1);
  t.match(drawing, /apiserver_x+…</);
  t.match(drawing, '▾ Row');
  t.end();
});
