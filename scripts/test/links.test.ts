import { posix } from 'node:path';
import t from 'tap';
import { listFiles, readPages, readText } from './support/checkout.ts';

const files = new Set(await listFiles());
const pages = await readPages();

/** The anchors of a page, as GitHub makes them from its headings. */
function anchorsOf(text: string): ReadonlySet<string> {
  const prose = text.replaceAll(/^```[^]*?^```$/gm, '');
  const headings = [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** The links of a page to other files of the checkout, or to a heading, in every form of Markdown and HTML. */
function linksOf(text: string): readonly string[] {
  const prose = text.replaceAll(/^ *```[^]*?^ *```$|`[^`\n]*`/gm, '');
  const links = prose.matchAll(/(?:\]\(<?|^ {0,3}\[[^\]]+\]: +<?|\b(?:href|src)=["'])([^)\s>"']+)/gm);
  return [...links].map(([, link = '']) => link).filter((link) => !/^[a-z]+:/.test(link));
}

function problemOf(page: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : posix.join(posix.dirname(page), path);
  const isFolder = [...files].some((file) => file.startsWith(`${target.replace(/\/$/, '')}/`));
  if (!files.has(target) && !isFolder) return `${link}: there is no ${target}`;
  if (anchor === undefined) return undefined;
  const anchors = anchorsOf(pages.get(target) ?? '');
  return anchors.has(anchor) ? undefined : `${link}: ${target} has no such heading`;
}

t.test('a wrong link is found in every form', (t) => {
  const forms = [
    '[a](b.md)',
    '[a](b.md "title")',
    '![a](<b.md>)',
    '[a][1]\n\n[1]: b.md\n',
    '<a href="b.md">',
    "<img src='b.md'>",
  ];
  for (const form of forms) t.strictSame(linksOf(form), ['b.md'], form);
  t.strictSame(linksOf('`[a](b.md)`, [a](https://a.example)\n```\n[a](b.md)\n```\n'), []);
  for (const link of ['b.md', 'monitor', 'tls.md#b', '../b/']) t.match(problemOf('docs/aws.md', link), link);
  for (const link of ['tls.md#what-to-watch', 'decisions/', '../chart']) {
    t.equal(problemOf('docs/aws.md', link), undefined, link);
  }
  t.end();
});

/** The pages that messages, comments and values name by their paths: what a person who reads them opens. */
t.test('each page that the code, the chart or a workflow names exists, with its heading', async (t) => {
  const others = [...files].filter((file) => !/^(?!\.github\/).+\.md$|^scripts\/test\/|\.(?:png|tgz|gz)$/.test(file));
  const problems = await Promise.all(
    others.map(async (file) => {
      const named = (await readText(file)).matchAll(
        /(?<![\w/])(?:docs\/[\w/-]+|SECURITY|CONTRIBUTING)\.md(?:#[\w-]+)?/g,
      );
      return [...named].map(([link]) => problemOf('README.md', link)).filter((problem) => problem !== undefined);
    }),
  );
  t.strictSame(problems.flat(), []);
});

for (const [page, text] of pages) {
  t.test(`each link of ${page} leads to a file and a heading`, (t) => {
    const problems = linksOf(text).map((link) => problemOf(page, link));
    t.strictSame(
      problems.filter((problem) => problem !== undefined),
      [],
    );
    t.end();
  });
}
