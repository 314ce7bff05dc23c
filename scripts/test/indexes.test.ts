import t from 'tap';
import { listFiles, readPages } from './support/checkout.ts';

const pages = await readPages();

t.test('the index of the decisions has each decision with its title', async (t) => {
  const index = pages.get('docs/decisions/README.md') ?? '';
  const decisions = (await listFiles()).filter((path) => /^docs\/decisions\/\d/.test(path));
  const rows = decisions.map((path) => {
    const [, title = ''] = /^# (.+)\n/.exec(pages.get(path) ?? '') ?? [];
    return `| [${title}](${path.replace('docs/decisions/', '')}) | `;
  });
  t.ok(rows.length > 10);
  t.strictSame(
    rows.filter((row) => !index.includes(row)),
    [],
  );
});

t.test('each page in docs/ can be reached from the README by links', (t) => {
  const reached = new Set(['README.md']);
  for (const page of reached) {
    const folder = page.slice(0, page.lastIndexOf('/') + 1);
    for (const [, link = ''] of (pages.get(page) ?? '').matchAll(/\]\(([^)\s#:]+\.md)/g)) {
      reached.add(new URL(link, `file:///${folder}`).pathname.slice(1));
    }
  }
  const missing = [...pages.keys()].filter((page) => page.startsWith('docs/') && !reached.has(page));
  t.strictSame(missing, []);
  t.end();
});

t.test('each word of the glossary is in another page, with one meaning', (t) => {
  const glossary = pages.get('docs/glossary.md') ?? '';
  const words = [...glossary.matchAll(/^\| (?!word)([^|-]+) \|/gm)].flatMap(([, row = '']) => row.split(', '));
  const others = [...pages].filter(([page]) => page !== 'docs/glossary.md').map(([, text]) => text.toLowerCase());
  t.ok(words.length > 30);
  t.strictSame(
    words.filter((word) => !others.some((text) => text.includes(word.toLowerCase()))),
    [],
  );
  t.equal(new Set(words).size, words.length);
  t.end();
});
