import { basename } from 'node:path';
import t from 'tap';
import { listFiles, readPages } from './support/checkout.ts';

const files = await listFiles();
const pages = await readPages();

const folders = new Set(
  files.flatMap((path) => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index + 1))),
);
const names = new Set(files.map((path) => basename(path)));
const folderNames = new Set([...folders].map((folder) => `${basename(folder)}/`));
/** Without what the tests use: a test file, or a scenario that a test file imports. */
const tests = new Set(
  files
    .filter((path) => /\/test\//.test(path) && !/\/(?:support|fixtures|fuzz)\//.test(path))
    .map((path) => basename(path).replace(/(?:\.test)?\.ts$/, '')),
);
const topFolders = new Set(files.map((path) => path.slice(0, path.indexOf('/') + 1)));

/** The paths in backticks that are relative to the root of the checkout, or only the name of a file or a folder. */
function pathsOn(page: string): readonly string[] {
  return [...page.matchAll(/`([\w.-]+(?:\/[\w.-]+)*(?:\.ts|\/))`/g)].map(([, path = '']) => path);
}

function exists(path: string): boolean {
  if (!/\/./.test(path)) return names.has(path) || folderNames.has(path);
  if ([...topFolders].some((folder) => folder !== '' && path.startsWith(folder))) {
    return files.includes(path) || folders.has(path);
  }
  return [...files, ...folders].some((known) => known.endsWith(`/${path}`));
}

t.test('the pages name only files and folders that exist', (t) => {
  for (const [page, text] of pages) {
    // On a page for users a word with a slash is rarely a folder of ours.
    const isForContributors = /^CONTRIBUTING|^docs\/(?:architecture|decisions)/.test(page);
    const paths = pathsOn(text).filter((path) => isForContributors || !/^[^/]+\/$/.test(path));
    const missing = paths.filter((path) => !exists(path));
    t.strictSame(missing, [], page);
  }
  t.ok(pathsOn(pages.get('docs/architecture.md') ?? '').length > 60, 'the page has many paths');
  t.end();
});

t.test('the table of rules has full paths', (t) => {
  const [, rules = ''] = (pages.get('docs/architecture.md') ?? '').split('## Rules');
  const short = pathsOn(rules).filter((path) => !path.includes('/'));
  t.ok(rules.includes('| rule | where |'));
  t.strictSame(short, []);
  t.end();
});

t.test('the tests that the security pages name exist', (t) => {
  for (const page of ['SECURITY.md', 'docs/security.md']) {
    const groups = (pages.get(page) ?? '').matchAll(
      /\(((?:`[a-z-]+(?:\.test\.ts)?`(?:, )?)+)|\| (`[a-z-]+`(?:, `[a-z-]+`)*)(?:, the fuzzer)? \|$/gm,
    );
    const named = [...groups].flatMap(([, inside = '', cell = '']) =>
      [...`${inside}${cell}`.matchAll(/`([a-z-]+)(?:\.test\.ts)?`/g)].map(([, name = '']) => name),
    );
    t.ok(named.length > 5, page);
    t.strictSame(
      named.filter((name) => !tests.has(name)),
      [],
      page,
    );
  }
  t.end();
});
