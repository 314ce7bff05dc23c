import t from 'tap';
import { readPages } from './support/checkout.ts';

/** Words of mermaid that cannot be the id of a node. */
const RESERVED: ReadonlySet<string> = new Set(['call', 'class', 'click', 'default', 'end', 'graph', 'href', 'style']);

const pages = await readPages();

/** The diagrams of a page, also in a list, each as lines. A fence without an end lasts to the end of the page. */
function diagramsOn(page: string): readonly (readonly string[])[] {
  const diagrams = page.matchAll(/^ *```mermaid\n([^]*?)(?:^ *```$|$(?![^]))/gm);
  return [...diagrams].map(([, text = '']) => text.trim().split('\n'));
}

/** Ids in the lines of a flowchart: what stands before a shape, or at either end of an arrow. */
function idsIn(lines: readonly string[]): readonly string[] {
  const withoutTexts = lines.map((line) => line.replaceAll(/"[^"]*"/g, '').replace(/^ *subgraph /, ''));
  return withoutTexts.flatMap((line) => line.match(/[A-Za-z_]\w*/g) ?? []).filter((word) => word !== 'subgraph');
}

/**
 * What mermaid's parser would refuse, as far as it is seen without it: the parser needs a DOM, and its package has more
 * files than all others together.
 */
function problemsIn([kind = '', ...lines]: readonly string[]): readonly string[] {
  const unclosed = lines.filter((line) => (line.match(/"/g) ?? []).length % 2 === 1);
  if (kind === 'sequenceDiagram') {
    const declared = new Set(lines.map((line) => /^ *participant (\w+)/.exec(line)?.[1]));
    const used = lines.flatMap((line) => /^ *(\w+)-{1,2}>>(\w+): /.exec(line)?.slice(1) ?? []);
    return [...unclosed, ...used.filter((name) => !declared.has(name))];
  }
  if (!/^flowchart (?:TB|LR)$/.test(kind)) return [kind];
  const arrows = lines.filter((line) =>
    / (?!-->|<-->|--->|-\.|\.->|-- )[-=.<]+>? /.test(line.replaceAll(/"[^"]*"/g, '""')),
  );
  const bare = lines.filter((line) => /\b\w+(?:\[\(?|\(\[?|\{)[^"[({]/.test(line.replaceAll(/"[^"]*"/g, '""')));
  const ends = lines.filter((line) => line.trim() === 'end').length;
  const opened = lines.filter((line) => line.trim().startsWith('subgraph ')).length;
  const reserved = idsIn(lines.filter((line) => line.trim() !== 'end')).filter((id) => RESERVED.has(id));
  return [
    ...unclosed,
    ...arrows,
    ...bare,
    ...reserved,
    ...(ends === opened ? [] : [`${opened} subgraphs, ${ends} ends`]),
  ];
}

for (const [page, text] of pages) {
  const diagrams = diagramsOn(text);
  if (diagrams.length === 0) continue;
  t.test(`the diagrams of ${page} are well-formed`, (t) => {
    t.strictSame(diagrams.flatMap(problemsIn), []);
    t.end();
  });
}

t.test('mistakes are seen', (t) => {
  t.strictSame(diagramsOn('```mermaid\ngraph\n```\n- x\n\n  ```mermaid\n  a\n  ```\n\n```mermaid\nb'), [
    ['graph'],
    ['a'],
    ['b'],
  ]);
  t.strictSame(problemsIn(['flowchart TB', '  a["x"] --> call["y"]']), ['call']);
  t.strictSame(problemsIn(['flowchart TB', '  a[x] --> b']), ['  a[x] --> b']);
  t.strictSame(problemsIn(['flowchart TB', '  a -> b']), ['  a -> b']);
  t.strictSame(problemsIn(['flowchart LR', '  a["x --> b']), ['  a["x --> b']);
  t.strictSame(problemsIn(['flowchart LR', '  subgraph a["x"]']), ['1 subgraphs, 0 ends']);
  t.strictSame(problemsIn(['sequenceDiagram', '  participant a', '  a->>b: x']), ['b']);
  t.strictSame(problemsIn(['graph', '  a --> b']), ['graph']);
  t.end();
});
